// A protocol under test with all that it was told and all that it tells.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/protocol.h"
#include "test/support/client_frames.h"
#include "test/support/fixed_keys.h"
#include "test/support/recording_sink.h"

namespace hawser::test {

// Where the bytes of one read go, as a transport chooses: a chunk of its own, a big message's own memory where there is
// one in progress, or right behind what has come of a message.
enum class Path : std::uint8_t { kChunk, kDirect, kBehind };

// From so many bytes to come of a message on, they are read directly.
inline constexpr std::uint64_t kDirectRead = 32 * 1024;

struct Client {
  explicit Client(const core::Limits& limits = {}) : protocol(limits, keys) {}

  // Hands over `bytes`, in one piece where the path allows it.
  void Receive(std::string_view bytes, Path path = Path::kChunk);
  // The frames sent since the last call.
  SentFrames Sent() { return ReadClientFrames(TakeOutput(protocol.output())); }
  core::ErrorKind ErrorKind() const { return protocol.error().kind; }

  FixedKeys keys;
  RecordingSink sink;
  core::Protocol protocol;
  const Events& events = sink.events;

 private:
  void ReceiveDirect(std::string_view bytes);
  void ReceiveBehind(std::string_view bytes);
};

}  // namespace hawser::test
