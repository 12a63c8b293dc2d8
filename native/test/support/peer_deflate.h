// The peer's half of permessage-deflate: zlib used plainly, one message at a time, with as much room as it takes.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace hawser::test {

class PeerDeflater {
 public:
  explicit PeerDeflater(int window_bits = 15, int level = 9);
  ~PeerDeflater();
  PeerDeflater(const PeerDeflater&) = delete;
  PeerDeflater& operator=(const PeerDeflater&) = delete;

  // A whole message's payload, compressed against those before (RFC 7692 §7.2.1).
  std::string Message(std::string_view content);
  // A part of a message, to the byte's end: it ends with 00 00 ff ff.
  std::string Part(std::string_view content);
  // A part that ends with a block marked as the last (§7.2.3.4).
  std::string FinalBlock(std::string_view content);
  // Without context takeover: before each message.
  void Reset();

 private:
  std::string Run(std::string_view content, int flush);

  z_stream stream_{};
  std::string history_;  // what the window has, and before
};

class PeerInflater {
 public:
  explicit PeerInflater(int window_bits = 15);
  ~PeerInflater();
  PeerInflater(const PeerInflater&) = delete;
  PeerInflater& operator=(const PeerInflater&) = delete;

  // Throws std::runtime_error if that is not a whole message's payload.
  std::string Message(std::string_view payload);
  void Reset();

 private:
  std::string Run(std::string_view bytes);

  z_stream stream_{};
};

// A message that is compressed by itself.
std::string Deflated(std::string_view content);

}  // namespace hawser::test
