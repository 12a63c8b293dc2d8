// A protocol under test with all that it was told and all that it tells.
#pragma once

#include <string_view>

#include "core/protocol.h"
#include "test/support/client_frames.h"
#include "test/support/fixed_keys.h"
#include "test/support/recording_sink.h"

namespace hawser::test {

struct Client {
  explicit Client(const core::Limits& limits = {}) : protocol(limits, keys) {}

  // Hands over `bytes` in one piece, or through ReceiveTarget where that offers room and `direct` is set.
  void Receive(std::string_view bytes, bool direct = false);
  // The frames sent since the last call.
  SentFrames Sent() { return ReadClientFrames(TakeOutput(protocol.output())); }
  core::ErrorKind ErrorKind() const { return protocol.error().kind; }

  FixedKeys keys;
  RecordingSink sink;
  core::Protocol protocol;
  const Events& events = sink.events;
};

}  // namespace hawser::test
