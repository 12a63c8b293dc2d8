// Messages to the server: whole, in fragments, compressed (RFC 7692 §7.2.1); and control frames between them.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/protocol.h"
#include "test/support/client.h"
#include "test/support/contents.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Client;
using test::Hex;
using test::Noise;
using test::PeerInflater;
using test::SentFrame;
using test::SentFrames;

// Whether it lies in an allocation of its own makes no difference to what is sent.
enum class Way : std::uint8_t { kSmall, kLarge };
constexpr Way kWays[] = {Way::kSmall, Way::kLarge};

void Send(Client& client, const Outgoing& message, std::string_view payload, Way way = Way::kSmall) {
  if (way == Way::kSmall) {
    CHECK(client.protocol.SendMessage(message, AsSpan(payload)));
    return;
  }
  Payload copy(payload.size());
  if (!payload.empty()) std::memcpy(copy.bytes(), payload.data(), payload.size());
  copy.set_size(payload.size());
  CHECK(client.protocol.SendLargeMessage(message, std::move(copy)));
}

SentFrame SentOne(Client& client) {
  const SentFrames frames = client.Sent();
  REQUIRE(frames.size() == 1);
  return frames[0];
}

constexpr Outgoing kText{.opcode = Opcode::kText, .compress = true};
constexpr Outgoing kBinary{.opcode = Opcode::kBinary, .compress = true};
constexpr Outgoing kTextPart{.opcode = Opcode::kText, .more = true};
constexpr Outgoing kCompressedPart{.opcode = Opcode::kText, .more = true, .compress = true};

TEST_CASE("fragments are a message's opcode, then continuations, and only the last is final") {
  for (const Way way : kWays) {
    Client client;
    Send(client, kTextPart, "a", way);
    Send(client, kTextPart, "", way);
    Send(client, {.opcode = Opcode::kText}, "b", way);
    Send(client, {.opcode = Opcode::kBinary}, "next", way);
    CHECK(client.Sent() == SentFrames{{Opcode::kText, "a", false},
                                      {Opcode::kContinuation, "", false},
                                      {Opcode::kContinuation, "b"},
                                      {Opcode::kBinary, "next"}});
  }
}

TEST_CASE("control frames go between fragments") {
  Client client;
  Send(client, kTextPart, "a");
  client.protocol.SendPing(AsSpan("ping"));
  client.protocol.SendPong(AsSpan("pong"));
  Send(client, {.opcode = Opcode::kText}, "b");
  client.protocol.SendClose(1000, "");
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "a", false},
                                    {Opcode::kPing, "ping"},
                                    {Opcode::kPong, "pong"},
                                    {Opcode::kContinuation, "b"},
                                    test::SentClose(1000)});
}

TEST_CASE("a Close in the middle of a message is the last that is sent") {
  Client client;
  Send(client, kTextPart, "a");
  client.protocol.SendClose(1000, "");
  CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("b")));
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "a", false}, test::SentClose(1000)});
}

TEST_CASE("a compressed message has RSV1 and inflates to what was sent, the next one against it") {
  for (const Way way : kWays) {
    Client client;
    client.protocol.EnableCompression({});
    Send(client, kText, "Hello", way);
    CHECK(SentOne(client) == SentFrame{Opcode::kText, Hex("f2 48 cd c9 c9 07 00"), true, true});
    Send(client, kBinary, "Hello", way);
    CHECK(SentOne(client) == SentFrame{Opcode::kBinary, Hex("f2 00 11 00 00"), true, true});
  }
}

TEST_CASE("nothing is compressed that need not be, or was not agreed upon") {
  for (const Way way : kWays) {
    Client agreed;
    agreed.protocol.EnableCompression({});
    Send(agreed, {.opcode = Opcode::kText}, "plain please", way);
    CHECK(SentOne(agreed) == SentFrame{Opcode::kText, "plain please"});
    Client not_agreed;
    Send(not_agreed, kText, "Hello", way);
    CHECK(SentOne(not_agreed) == SentFrame{Opcode::kText, "Hello"});
    Send(not_agreed, kCompressedPart, "Hello", way);
    CHECK(SentOne(not_agreed) == SentFrame{Opcode::kText, "Hello", false});
  }
}

TEST_CASE("an empty message stays plain, and what follows is compressed against what came before") {
  for (const Way way : kWays) {
    Client client;
    client.protocol.EnableCompression({});
    Send(client, kText, "Hello", way);
    Send(client, kText, "", way);
    Send(client, kText, "Hello", way);
    CHECK(client.Sent() == SentFrames{{Opcode::kText, Hex("f2 48 cd c9 c9 07 00"), true, true},
                                      {Opcode::kText, ""},
                                      {Opcode::kText, Hex("f2 00 11 00 00"), true, true}});
  }
}

TEST_CASE("control frames are never compressed") {
  Client client;
  client.protocol.EnableCompression({});
  client.protocol.SendPing(AsSpan("ping"));
  client.protocol.SendPong(AsSpan("pong"));
  client.Receive(test::ServerFrame(0x89, "asked"));
  client.protocol.SendClose(1000, "bye");
  CHECK(client.Sent() ==
        SentFrames{
            {Opcode::kPong, "asked"}, {Opcode::kPing, "ping"}, {Opcode::kPong, "pong"}, test::SentClose(1000, "bye")});
}

TEST_CASE("of a fragmented compressed message only the first frame has RSV1, and all of it inflates") {
  for (const bool takeover : {true, false}) {
    Client client;
    client.protocol.EnableCompression({.client_no_context_takeover = !takeover});
    PeerInflater peer;
    for (int round = 0; round < 3; ++round) {
      const std::vector<std::string> parts{"", "Hel", "", Noise(40'000), "lo", ""};
      std::string content;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        // What the message's first fragment said goes for all of them.
        const Outgoing part{.opcode = Opcode::kText, .more = i + 1 < parts.size(), .compress = i == 0};
        Send(client, part, parts[i], kWays[i % 2]);
        client.protocol.SendPing(AsSpan("between"));
        content += parts[i];
      }
      std::string payload;
      std::size_t at = 0;
      for (const SentFrame& frame : client.Sent()) {
        if (frame.opcode == Opcode::kPing) continue;
        CHECK(frame.opcode == (at == 0 ? Opcode::kText : Opcode::kContinuation));
        CHECK(frame.rsv1 == (at == 0));
        CHECK(frame.fin == (at + 1 == parts.size()));
        payload += frame.payload;
        ++at;
      }
      CHECK(at == parts.size());
      CHECK((peer.Message(payload) == content));
      if (!takeover) peer.Reset();
    }
  }
}

TEST_CASE("a plain message in fragments stays plain though they ask for compression in the middle") {
  Client client;
  client.protocol.EnableCompression({});
  Send(client, kTextPart, "a");
  Send(client, kCompressedPart, "b");
  Send(client, kText, "c");
  Send(client, kText, "Hello");
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "a", false},
                                    {Opcode::kContinuation, "b", false},
                                    {Opcode::kContinuation, "c"},
                                    {Opcode::kText, Hex("f2 48 cd c9 c9 07 00"), true, true}});
}

TEST_CASE("without context takeover each message can be inflated by itself") {
  Client client;
  client.protocol.EnableCompression({.client_no_context_takeover = true});
  for (int i = 0; i < 3; ++i) {
    Send(client, kText, "Hello");
    CHECK(SentOne(client).payload == Hex("f2 48 cd c9 c9 07 00"));
  }
}

TEST_CASE("the window that was agreed upon is enough to inflate") {
  for (int bits = 8; bits <= 15; ++bits) {
    Client client;
    client.protocol.EnableCompression({.client_max_window_bits = bits});
    PeerInflater peer(bits);
    const std::string half = Noise(20'000);
    for (int i = 0; i < 3; ++i) {
      Send(client, kBinary, half + half);
      CHECK((peer.Message(SentOne(client).payload) == half + half));
    }
  }
}

TEST_CASE("large messages are compressed, whether or not that leaves much of them") {
  const std::string noise = Noise(3 * kLargeMessage);
  const std::string repeated = noise.substr(0, 500) + std::string(10 * kLargeMessage, 'x');
  for (const Way way : kWays) {
    Client client;
    client.protocol.EnableCompression({});
    PeerInflater peer;
    for (const std::string* message : {&noise, &repeated, &noise, &repeated}) {
      Send(client, kBinary, *message, way);
      const SentFrame frame = SentOne(client);
      CHECK(frame.rsv1);
      CHECK((frame.payload.size() > kLargeMessage) == (message == &noise));
      CHECK((peer.Message(frame.payload) == *message));
    }
    Send(client, {.opcode = Opcode::kBinary}, noise, way);
    CHECK((SentOne(client) == SentFrame{Opcode::kBinary, noise}));
  }
}

TEST_CASE("compressed messages count as what was sent, when they are written") {
  for (const Way way : kWays) {
    Client client;
    client.protocol.EnableCompression({});
    Send(client, kText, std::string(1000, 'x'), way);
    Send(client, kCompressedPart, std::string(100, 'y'), way);
    Send(client, kText, Noise(100'000), way);
    OutputQueue& output = client.protocol.output();
    std::size_t reported = 0;
    while (!output.empty()) {
      reported += output.Consume(1);
      CHECK(reported <= 101'100);
    }
    CHECK(reported == 101'100);
  }
}

}  // namespace
}  // namespace hawser::core
