// A connection's dedicated reader: an OS thread with its own loop that hosts one session. What the thread returns is
// the close outcome, so Join is the only way to it: no getter, no shared field, no event carries a close code.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>

#include "core/close_outcome.h"
#include "reader/command_queue.h"
#include "reader/delivery_queue.h"
#include "reader/session.h"
#include "reader/session_stats.h"
#include "reader/thread.h"

namespace hawser::reader {

// What a reader returns that ended with an exception: its words, unless there is no memory for them.
core::CloseOutcome FailedReader(const std::exception& error) noexcept;

// Owned by one thread, JavaScript's, which is the only one to call its functions.
class Reader {
 public:
  // Starts the thread, as the last thing. Throws std::system_error if there is none to be had.
  Reader(SessionConfig config, std::unique_ptr<Bell> bell);
  // Terminates and joins if nobody has.
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  CommandQueue& commands() { return commands_; }
  DeliveryQueue& delivery() { return delivery_; }

  // Times in them never fall from one call to the next.
  ReaderStats Stats();

  void Terminate() { commands_.Post(reader::Terminate{}); }
  bool joined() const { return !thread_.started(); }
  // Waits for the reader's last instruction. Once; call it when the delivery queue says finished, or after Terminate.
  core::CloseOutcome Join() { return thread_.Join(); }

 private:
  core::CloseOutcome Run() noexcept;
  core::CloseOutcome RunSession();
  std::uint64_t CpuTime();

  const SessionConfig config_;
  CommandQueue commands_;
  DeliveryQueue delivery_;
  const std::unique_ptr<Bell> bell_;
  // What was told of these last.
  std::uint64_t paused_for_ = 0;
  std::uint64_t cpu_time_ = 0;
  ResultThread<core::CloseOutcome> thread_;  // reads all of the above: starts last
};

}  // namespace hawser::reader
