// What a protocol counts, and what it shows to those who look on.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/protocol.h"
#include "test/support/deliver.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::AsString;
using test::Client;
using test::Deliver;
using test::Hex;
using test::ServerFrame;
using test::Setup;

const Setup kCompressed{.before = [](Client& client) { client.protocol.EnableCompression({}); }};

struct Seen {
  Direction direction;
  FrameHeader header;
  std::string payload;
};

class Witness final : public FrameObserver {
 public:
  explicit Witness(Client& client) { client.protocol.SetObserver(this); }
  void OnFrame(Direction direction, const FrameHeader& header,
               std::span<const std::uint8_t> payload) noexcept override {
    seen.push_back({direction, header, AsString(payload)});
  }

  std::vector<Seen> seen;
};

void ExpectSeen(const Seen& seen, Direction direction, const FrameHeader& header, const std::string& payload) {
  CHECK(seen.direction == direction);
  CHECK(seen.header.opcode == header.opcode);
  CHECK(seen.header.fin == header.fin);
  CHECK(seen.header.length == header.length);
  CHECK(seen.header.compressed == header.compressed);
  CHECK(seen.payload == payload);
}

// A text of 5 bytes in three frames, another of 5 compressed, a binary of 3, a ping, a pong, a Close.
const std::string kBytes = ServerFrame(0x01, "a\xC3") + ServerFrame(0x89, "ping") + ServerFrame(0x00, "\xA9") +
                           ServerFrame(0x80, "bc") + ServerFrame(0xC1, Hex("f2 48 cd c9 c9 07 00")) +
                           ServerFrame(0x82, "123") + ServerFrame(0x8A, "pong") + ServerFrame(0x88, Hex("03 e8"));

TEST_CASE("nothing is counted of a connection where nothing happened") {
  const Client client;
  for (const Traffic& traffic : {client.protocol.received(), client.protocol.sent()}) {
    CHECK(traffic.messages == 0);
    CHECK(traffic.message_bytes == 0);
    for (const std::uint64_t frames : traffic.frames) CHECK(frames == 0);
  }
}

TEST_CASE("what is received is counted: frames by opcode, whole messages, their bytes when inflated") {
  Deliver(kCompressed, kBytes, [](Client& client) {
    const Traffic received = client.protocol.received();
    CHECK(received.of(Opcode::kText) == 2);
    CHECK(received.of(Opcode::kContinuation) == 2);
    CHECK(received.of(Opcode::kBinary) == 1);
    CHECK(received.of(Opcode::kPing) == 1);
    CHECK(received.of(Opcode::kPong) == 1);
    CHECK(received.of(Opcode::kClose) == 1);
    CHECK(received.messages == 3);
    CHECK(received.message_bytes == 13);
    CHECK(client.protocol.sent().of(Opcode::kPong) == 1);
    CHECK(client.protocol.sent().of(Opcode::kClose) == 1);
    CHECK(client.protocol.sent().messages == 0);
  });
}

TEST_CASE("of a message that is not whole its frames are counted, and the bytes of its fragments that are") {
  Deliver(ServerFrame(0x01, "abc\xC3") + Hex("00 05") + "\xA9", [](Client& client) {
    CHECK(client.protocol.received().of(Opcode::kText) == 1);
    CHECK(client.protocol.received().of(Opcode::kContinuation) == 1);
    CHECK(client.protocol.received().messages == 0);
    CHECK(client.protocol.received().message_bytes == 3);
  });
}

TEST_CASE("what is sent is counted: frames by opcode, whole messages, their bytes before they are compressed") {
  Client client;
  client.protocol.EnableCompression({});
  const std::string text(1000, 'x');
  client.protocol.SendMessage({.opcode = Opcode::kText, .compress = true}, AsSpan(text));
  client.protocol.SendMessage({.opcode = Opcode::kBinary, .more = true}, AsSpan("abc"));
  client.protocol.SendPing(AsSpan("ping"));
  CHECK(client.protocol.sent().messages == 1);
  client.protocol.SendMessage({.opcode = Opcode::kBinary, .more = true}, AsSpan(""));
  client.protocol.SendLargeMessage({.opcode = Opcode::kBinary}, Payload());
  client.protocol.SendPong({});
  client.protocol.SendClose(1000, "");
  CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("late")));
  CHECK_FALSE(client.protocol.SendPing({}));
  client.protocol.SendClose(1000, "");
  const Traffic& sent = client.protocol.sent();
  CHECK(sent.of(Opcode::kText) == 1);
  CHECK(sent.of(Opcode::kBinary) == 1);
  CHECK(sent.of(Opcode::kContinuation) == 2);
  CHECK(sent.of(Opcode::kPing) == 1);
  CHECK(sent.of(Opcode::kPong) == 1);
  CHECK(sent.of(Opcode::kClose) == 1);
  CHECK(sent.messages == 2);
  CHECK(sent.message_bytes == 1003);
}

TEST_CASE("an observer sees each frame received, with what is here of its payload, before it is delivered") {
  Client client;
  client.protocol.EnableCompression({});
  Witness witness(client);
  const std::string compressed = Hex("f2 48 cd c9 c9 07 00");
  client.Receive(ServerFrame(0x01, "ab") + ServerFrame(0x89, "ping") + ServerFrame(0x80, "c") +
                 ServerFrame(0xC2, compressed) + Hex("81 05") + "He");
  REQUIRE(witness.seen.size() == 6);
  ExpectSeen(witness.seen[0], Direction::kReceived, {Opcode::kText, false, 2}, "ab");
  ExpectSeen(witness.seen[1], Direction::kReceived, {Opcode::kPing, true, 4}, "ping");
  ExpectSeen(witness.seen[2], Direction::kSent, {Opcode::kPong, true, 4}, "ping");
  ExpectSeen(witness.seen[3], Direction::kReceived, {Opcode::kContinuation, true, 1}, "c");
  ExpectSeen(witness.seen[4], Direction::kReceived, {Opcode::kBinary, true, 7, true}, compressed);
  ExpectSeen(witness.seen[5], Direction::kReceived, {Opcode::kText, true, 5}, "He");
  client.Receive("llo" + Hex("82"));
  CHECK(witness.seen.size() == 6);
  client.Receive(Hex("01"));
  REQUIRE(witness.seen.size() == 7);
  ExpectSeen(witness.seen[6], Direction::kReceived, {Opcode::kBinary, true, 1}, "");
}

TEST_CASE("an observer sees each frame sent, its length on the wire and its payload as it was given") {
  Client client;
  client.protocol.EnableCompression({});
  Witness witness(client);
  Payload large(3);
  std::copy_n("abc", 3, large.bytes());
  large.set_size(3);
  client.protocol.SendMessage({.opcode = Opcode::kText, .more = true, .compress = true}, AsSpan("Hello"));
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("Hello"));
  client.protocol.SendLargeMessage({.opcode = Opcode::kBinary}, std::move(large));
  client.protocol.SendPing(AsSpan("ping"));
  client.protocol.SendClose(1000, "x");
  const test::SentFrames frames = client.Sent();
  REQUIRE(witness.seen.size() == 5);
  const std::vector<std::string> payloads{"Hello", "Hello", "abc", "ping", Hex("03 e8") + "x"};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    INFO("frame ", i);
    const test::SentFrame& frame = frames[i];
    const bool compressed = i < 2;  // also where the header does not say so
    ExpectSeen(witness.seen[i], Direction::kSent, {frame.opcode, frame.fin, frame.payload.size(), compressed},
               payloads[i]);
  }
}

TEST_CASE("an observer sees the frame that fails the connection if its header is sound, and the Close that follows") {
  Client client;
  Witness witness(client);
  client.Receive(Hex("80 01") + "x" + ServerFrame(0x81, "late"));
  REQUIRE(witness.seen.size() == 2);
  ExpectSeen(witness.seen[0], Direction::kReceived, {Opcode::kContinuation, true, 1}, "x");
  CHECK(witness.seen[1].header.opcode == Opcode::kClose);
}

}  // namespace
}  // namespace hawser::core
