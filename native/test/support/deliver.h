// Runs a receiving test once for each way the network may cut the same bytes: whole, one byte at a time, in two at
// every point; each with and without reading big messages straight into their buffer.
#pragma once

#include <functional>
#include <string_view>

#include "core/protocol.h"
#include "test/support/client_frames.h"
#include "test/support/fixed_keys.h"
#include "test/support/recording_sink.h"

namespace hawser::test {

// A client, all that it was told and all that it told.
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

struct Setup {
  core::Limits limits = {};
  std::function<void(Client&)> before = [](Client&) {};  // runs before the first byte
};

void Deliver(std::string_view bytes, const std::function<void(Client&)>& check);
void Deliver(const Setup& setup, std::string_view bytes, const std::function<void(Client&)>& check);

// Delivers and expects the connection to fail with `kind`, to have told `events` before, and to send one Close.
void ExpectFailure(std::string_view bytes, core::ErrorKind kind, const Events& events = {});

}  // namespace hawser::test
