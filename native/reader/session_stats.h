// What a session counts of itself for those who look on: plain numbers, copied across the threads once a turn of its
// loop. Times are nanoseconds, sizes bytes.
#pragma once

#include <cstdint>

#include "core/traffic.h"

namespace hawser::reader {

struct SessionStats {
  core::Traffic received;
  core::Traffic sent;
  std::uint64_t wire_received = 0;  // of the socket, the opening handshake included
  std::uint64_t wire_sent = 0;
  std::uint64_t pauses = 0;  // how many times a high-water mark stopped the reading
  std::uint64_t paused_for = 0;
  std::uint64_t paused_since = 0;  // of uv_hrtime; 0 while it reads
  std::uint64_t cpu_time = 0;      // of the thread, at the session's end

  // Does nothing while it is paused, as Resume does while it is not.
  void Pause(std::uint64_t now) {
    if (paused_since != 0) return;
    ++pauses;
    paused_since = now;
  }
  void Resume(std::uint64_t now) {
    paused_for = PausedUntil(now);
    paused_since = 0;
  }
  std::uint64_t PausedUntil(std::uint64_t now) const {
    return paused_for + (paused_since == 0 ? 0 : now - paused_since);
  }
};

// Of the way from the reader to JavaScript.
struct QueueStats {
  std::uint64_t messages = 0;  // now waiting or being consumed; fragments count as messages here
  std::uint64_t bytes = 0;
  std::uint64_t most_bytes = 0;  // ever at once
  std::uint64_t batches = 0;     // taken
  std::uint64_t batched = 0;     // messages in these
  std::uint64_t largest_batch = 0;
  std::uint64_t wakes = 0;  // asked for; several may have become one
};

// All that is told of a connection.
struct ReaderStats {
  SessionStats session;
  QueueStats queue;
  double latency = 0;            // milliseconds
  std::uint64_t paused_for = 0;  // up to now
  std::uint64_t cpu_time = 0;    // of the thread, up to now
};

}  // namespace hawser::reader
