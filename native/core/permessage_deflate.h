// permessage-deflate (RFC 7692) with zlib: one inflater and one deflater for a connection, each made when it is first
// needed. Knows no frames: what is a message's first byte and what its last is the caller's to say. Any one thread.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/payload.h"

namespace hawser::core {

// What was agreed upon (§7.1), and how hard we try.
struct DeflateConfig {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  int server_max_window_bits = 15;
  int client_max_window_bits = 15;
  int level = -1;     // zlib's, 0 to 9 or -1 for its default
  int mem_level = 8;  // zlib's, 1 to 9
};

// Inflates one message after the other (§7.2.2). Throws std::bad_alloc.
class Inflater {
 public:
  explicit Inflater(const DeflateConfig& config);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Inflates from the front of `input`, which it consumes, to `room`. Returns how many bytes that made: fewer than
  // there is room for means that the input is used up. Once it is not valid() it is of no use any more.
  std::size_t Inflate(std::span<const std::uint8_t>& input, std::span<std::uint8_t> room);
  // All of a message was inflated: false if it was cut short. Ready for the next one.
  bool EndMessage();

  bool valid() const { return valid_; }

 private:
  void Restart();
  bool StandsBehindBlock() const;

  z_stream stream_{};
  const bool no_context_takeover_;
  bool valid_ = true;
  bool ended_ = false;  // by a block marked as the last (§7.2.3.5), and nothing came since
};

// Deflates one message after the other (§7.2.1). Throws std::bad_alloc, and is of no use after that.
class Deflater {
 public:
  explicit Deflater(const DeflateConfig& config);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Deflates a fragment, the message's last if `fin`, to the end of `output`.
  void Deflate(std::span<const std::uint8_t> fragment, bool fin, Payload& output);

 private:
  z_stream stream_{};
  const bool no_context_takeover_;
};

}  // namespace hawser::core
