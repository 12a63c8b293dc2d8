// Running out of memory at any point fails the connection, and nothing else. Not built for ThreadSanitizer, which
// brings an operator new of its own; nothing here has to do with threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/protocol.h"
#include "test/support/contents.h"
#include "test/support/deliver.h"
#include "test/support/failing_new.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::BigEndian;
using test::Client;
using test::FailingNew;
using test::Noise;
using test::PeerDeflater;
using test::PeerInflater;
using test::SentClose;
using test::SentFrame;
using test::SentFrames;
using test::ServerFrame;

TEST_CASE("fails with 1011 when the sink has no memory, at whatever call") {
  for (int calls = 0; calls < 8; ++calls) {
    Client client;
    client.sink.calls_until_out_of_memory = calls;
    const std::string large(40'000, 'x');
    client.Receive(ServerFrame(0x81, "a") + ServerFrame(0x81, "é") + ServerFrame(0x89, "p") + ServerFrame(0x82, large) +
                   ServerFrame(0x8A, "q") + ServerFrame(0x81, "never"));
    INFO("after ", calls, " calls");
    CHECK(client.ErrorKind() == ErrorKind::kOutOfMemory);
    CHECK(client.protocol.input_done());
    CHECK(client.Sent().back() == SentClose(1011, "out of memory"));
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    CHECK(outcome.cause == CloseCause::kInternal);
    CHECK(outcome.detail == "out of memory");
  }
}

TEST_CASE("fails with 1011 when the sink has no memory for a message read directly") {
  Client client;
  client.sink.calls_until_out_of_memory = 0;
  client.Receive(ServerFrame(0x82, std::string(100'000, 'x')), test::Path::kDirect);
  CHECK(client.ErrorKind() == ErrorKind::kOutOfMemory);
}

TEST_CASE("an allocation that fails anywhere while receiving fails the connection and nothing else") {
  const std::string reason(100, 'r');
  const std::string bytes = ServerFrame(0x01, "frag") + ServerFrame(0x89, "ping") + ServerFrame(0x80, "ment") +
                            ServerFrame(0x81, "é") + ServerFrame(0x88, BigEndian(1000, 2) + reason);
  bool failed = true;
  int failures = 0;
  for (int allowed = 0; failed; ++allowed) {
    Client client;
    {
      const FailingNew failing(allowed);
      client.protocol.Receive(AsSpan(bytes), client.sink);
      failed = FailingNew::Failed();
    }
    INFO("after ", allowed, " allocations");
    CHECK(client.protocol.input_done());
    CHECK((client.ErrorKind() == ErrorKind::kOutOfMemory) == failed);
    if (failed) CHECK(client.Sent().back() == SentClose(1011, "out of memory"));
    failures += failed ? 1 : 0;
  }
  CHECK(failures > 5);
}

TEST_CASE("a connection that fails without memory for a Close fails all the same") {
  Client client;
  {
    const FailingNew failing(0);
    client.protocol.Fail(1011, "a reason too long to be kept without an allocation of its own");
  }
  CHECK(client.protocol.input_done());
  CHECK_FALSE(client.protocol.close_sent());
  CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("late")));
  CHECK(client.Sent().empty());
}

TEST_CASE("a message that cannot be sent for lack of memory leaves the queue as it was") {
  Client client;
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("before"));
  const std::string big(100'000, 'x');
  {
    const FailingNew failing(0);
    CHECK_THROWS_AS(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan(big)), std::bad_alloc);
  }
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("after"));
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "before"}, {Opcode::kText, "after"}});
}

TEST_CASE("a large message that cannot be sent for lack of memory does not count, and begins nothing") {
  Client client;
  Payload payload(100'000);
  payload.set_size(payload.capacity());
  std::memset(payload.bytes(), 'x', payload.size());
  {
    const FailingNew failing(0);
    CHECK_THROWS_AS(client.protocol.SendLargeMessage({.opcode = Opcode::kBinary, .more = true}, std::move(payload)),
                    std::bad_alloc);
  }
  CHECK(client.protocol.sent().of(Opcode::kBinary) == 0);
  CHECK(client.protocol.sent().message_bytes == 0);
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("after"));
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "after"}});
}

// --- compressed -----------------------------------------------------------------------------------------------------

// Messages of all kinds and sizes, in one frame and in two that cut a code point.
std::string CompressedMessages() {
  PeerDeflater peer;
  std::string bytes;
  for (const std::string& text : {std::string("ascii"), std::string("né"), std::string(50'000, 'x')}) {
    bytes += ServerFrame(0xC1, peer.Message(text));
    bytes += ServerFrame(0x41, peer.Part(text + "\xE2\x82"));
    bytes += ServerFrame(0x80, peer.Message("\xAC" + text));
  }
  return bytes + ServerFrame(0xC2, peer.Message(Noise(40'000)));
}

TEST_CASE("fails with 1011 when the sink has no memory for what was inflated, at whatever call") {
  for (int calls = 0; calls < 15; ++calls) {
    INFO("after ", calls, " calls");
    Client client;
    client.protocol.EnableCompression({});
    client.sink.calls_until_out_of_memory = calls;
    client.Receive(CompressedMessages());
    CHECK(client.ErrorKind() == ErrorKind::kOutOfMemory);
    CHECK(client.Sent() == SentFrames{SentClose(1011, "out of memory")});
  }
}

TEST_CASE("an allocation that fails anywhere while inflating fails the connection, or is done without") {
  const std::string bytes = CompressedMessages();
  Client well;
  well.protocol.EnableCompression({});
  well.Receive(bytes);
  REQUIRE(well.events.size() == 7);
  bool failed = true;
  int failures = 0;
  for (int allowed = 0; failed; ++allowed) {
    INFO("after ", allowed, " allocations");
    Client client;
    client.protocol.EnableCompression({});
    {
      const FailingNew failing(allowed);
      client.protocol.Receive(AsSpan(bytes), client.sink);
      failed = FailingNew::Failed();
    }
    if (client.ErrorKind() == ErrorKind::kNone) {
      CHECK((client.events == well.events));
    } else {
      CHECK(client.ErrorKind() == ErrorKind::kOutOfMemory);
      CHECK(client.Sent() == SentFrames{SentClose(1011, "out of memory")});
      ++failures;
    }
  }
  CHECK(failures > 10);
}

TEST_CASE("a message that inflates to a thousand times its size has memory for the limit at most") {
  const std::string bomb = ServerFrame(0xC2, test::Deflated(std::string(4'000'000, 'x')));
  REQUIRE(bomb.size() < 5000);
  for (const std::size_t limit : {5'000U, 100'000U, 1'000'003U}) {
    for (const Limits& limits : {Limits{.max_message_size = limit}, Limits{.max_fragment_size = limit}}) {
      for (const std::size_t step : {bomb.size(), std::size_t{100}}) {
        INFO("limit ", limit, ", ", step, " bytes at a time");
        Client client(limits);
        client.protocol.EnableCompression({});
        const FailingNew watched(FailingNew::kNever);
        for (std::size_t at = 0; at < bomb.size(); at += step) {
          client.protocol.Receive(AsSpan(bomb).subspan(at, std::min(step, bomb.size() - at)), client.sink);
        }
        CHECK(FailingNew::Largest() == limit);
        CHECK(client.protocol.error().limit == limit);
        CHECK(client.protocol.error().actual == limit + 1);
      }
    }
  }
}

// What the peer makes of three messages, where there is no memory after so many allocations of the second.
void ExpectSent(const std::function<void(Client&)>& send_second, const std::string& second) {
  const auto send = [](Client& client, std::string_view text) {
    client.protocol.SendMessage({.opcode = Opcode::kText, .compress = true}, AsSpan(text));
  };
  int failures = 0;
  bool failed = true;
  for (int allowed = 0; failed; ++allowed) {
    INFO("after ", allowed, " allocations");
    Client client;
    client.protocol.EnableCompression({});
    std::vector<std::string> expected{"before, " + second, second, "after, " + second};
    send(client, expected.front());
    {
      const FailingNew failing(allowed);
      try {
        send_second(client);
      } catch (const std::bad_alloc&) {
        expected.erase(expected.begin() + 1);
      }
      failed = FailingNew::Failed();
    }
    send(client, expected.back());
    failures += failed ? 1 : 0;
    CHECK(client.protocol.sent().messages == expected.size());
    PeerInflater peer;
    const SentFrames frames = client.Sent();
    REQUIRE(frames.size() == expected.size());
    for (std::size_t i = 0; i < frames.size(); ++i) CHECK((peer.Message(frames[i].payload) == expected[i]));
  }
  CHECK(failures > 0);
}

TEST_CASE("a compressed message that cannot be sent for lack of memory leaves the next to be inflated without it") {
  for (const std::string& text : {Noise(5'000), Noise(100'000), std::string(2'000'000, 'x')}) {
    INFO("message of ", text.size());
    ExpectSent(
        [&](Client& client) { client.protocol.SendMessage({.opcode = Opcode::kText, .compress = true}, AsSpan(text)); },
        text);
  }
}

TEST_CASE("a compressed fragment that cannot be sent for lack of memory is not a part of its message") {
  const std::string noise = Noise(50'000);
  for (int allowed = 0; allowed < 3; ++allowed) {
    INFO("after ", allowed, " allocations");
    Client client;
    client.protocol.EnableCompression({});
    std::string content = "begin";
    const Outgoing part{.opcode = Opcode::kText, .more = true, .compress = true};
    client.protocol.SendMessage(part, AsSpan(content));
    {
      const FailingNew failing(allowed);
      try {
        client.protocol.SendMessage(part, AsSpan(noise));
        content += noise;
      } catch (const std::bad_alloc&) {
      }
    }
    client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan(noise));
    content += noise;
    std::string payload;
    for (const SentFrame& frame : client.Sent()) payload += frame.payload;
    CHECK((PeerInflater().Message(payload) == content));
  }
}

}  // namespace
}  // namespace hawser::core
