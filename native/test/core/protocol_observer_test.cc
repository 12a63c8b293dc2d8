// What who looks on sees of frames.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/frame_observer.h"
#include "core/protocol.h"
#include "test/support/deliver.h"
#include "test/support/frame_witness.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Client;
using test::Deliver;
using test::Hex;
using test::Observed;
using test::Observer;
using test::ServerFrame;
using test::Setup;

TEST_CASE("control frames are shown whole, however the network cuts them") {
  Observer observer;
  const Setup setup{.before = [&](Client& client) {
    observer.frames.clear();
    client.protocol.SetObserver(&observer);
  }};
  const std::string close = test::BigEndian(1001, 2) + "bye";
  Deliver(setup, ServerFrame(0x89, "ping") + ServerFrame(0x8A, "pong") + ServerFrame(0x88, close), [&](Client&) {
    REQUIRE(observer.frames.size() == 5);
    CHECK(observer.frames[0] == Observed{.opcode = Opcode::kPing, .length = 4, .payload = "ping"});
    CHECK(observer.frames[1] == Observed{Direction::kSent, Opcode::kPong, true, 4, false, "ping"});
    CHECK(observer.frames[2] == Observed{.opcode = Opcode::kPong, .length = 4, .payload = "pong"});
    CHECK(observer.frames[3] == Observed{.opcode = Opcode::kClose, .length = 5, .payload = close});
    CHECK(observer.frames[4] == Observed{Direction::kSent, Opcode::kClose, true, 2, false, close.substr(0, 2)});
  });
}

TEST_CASE("a data frame is shown once, when it begins, with what is here of it") {
  Observer observer;
  Client client;
  client.protocol.SetObserver(&observer);
  const std::string bytes = Hex("01 03") + "Hel" + Hex("80 02") + "lo";
  client.Receive(bytes.substr(0, 4));
  CHECK(observer.frames == std::vector{Observed{.opcode = Opcode::kText, .fin = false, .length = 3, .payload = "He"}});
  client.Receive(bytes.substr(4, 3));
  client.Receive(bytes.substr(7));
  REQUIRE(observer.frames.size() == 2);
  CHECK(observer.frames[1] == Observed{.length = 2, .payload = ""});
}

TEST_CASE("no frame shows bytes of the next") {
  Observer observer;
  Client client;
  client.protocol.SetObserver(&observer);
  client.Receive(ServerFrame(0x81, "one") + ServerFrame(0x82, "two"));
  REQUIRE(observer.frames.size() == 2);
  CHECK(observer.frames[0].payload == "one");
  CHECK(observer.frames[1].payload == "two");
}

TEST_CASE("a frame that breaks the protocol is shown where its header is right, and the Close that follows") {
  Observer observer;
  Client client;
  client.protocol.SetObserver(&observer);
  client.Receive(ServerFrame(0x80, "x"));
  REQUIRE(observer.frames.size() == 2);
  CHECK(observer.frames[0] == Observed{.length = 1, .payload = "x"});
  CHECK(observer.frames[1].opcode == Opcode::kClose);
  CHECK(observer.frames[1].direction == Direction::kSent);
}

TEST_CASE("every frame of a compressed message is said to be compressed, and those of the next are not") {
  Observer observer;
  Client client;
  client.protocol.EnableCompression({});
  client.protocol.SetObserver(&observer);
  // RFC 7692 §7.2.3.2: "Hello" in two fragments; then a message as it is, in two as well.
  client.Receive(Hex("41 03 f2 48 cd 80 04 c9 c9 07 00") + Hex("01 01") + "a" + Hex("80 01") + "b");
  CHECK(client.events == test::Events{test::Text("Hello"), test::Text("ab")});
  REQUIRE(observer.frames.size() == 4);
  CHECK(observer.frames[0].compressed);
  CHECK(observer.frames[1].compressed);
  CHECK(observer.frames[1].payload == Hex("c9 c9 07 00"));
  CHECK_FALSE(observer.frames[2].compressed);
  CHECK_FALSE(observer.frames[3].compressed);
}

TEST_CASE("what is sent compressed is shown as it was, with the length that it has on the wire") {
  Observer observer;
  Client client;
  client.protocol.EnableCompression({});
  client.protocol.SetObserver(&observer);
  const std::string text(1000, 'x');
  client.protocol.SendMessage({.opcode = Opcode::kText, .more = true, .compress = true}, AsSpan(text));
  client.protocol.SendMessage({.opcode = Opcode::kText, .compress = true}, AsSpan("end"));
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("plain"));
  const std::string output = test::TakeOutput(client.protocol.output());
  REQUIRE(observer.frames.size() == 3);
  CHECK(observer.frames[0].compressed);
  CHECK(observer.frames[1].compressed);
  CHECK(observer.frames[0].length < 100);
  // Three headers of six bytes each.
  CHECK(output.size() == 18 + observer.frames[0].length + observer.frames[1].length + 5);
  CHECK(observer.frames[0].payload == text);
  CHECK(observer.frames[1].payload == "end");
  CHECK(observer.frames[2] == Observed{Direction::kSent, Opcode::kText, true, 5, false, "plain"});
}

// --- counts ---------------------------------------------------------------------------------------------------------

void ExpectSeen(const Observed& seen, Direction direction, const FrameHeader& header, const std::string& payload) {
  CHECK(seen == Observed{direction, header.opcode, header.fin, header.length, header.compressed, payload});
}

TEST_CASE("an observer sees each frame received, with what is here of its payload, before it is delivered") {
  Client client;
  client.protocol.EnableCompression({});
  Observer observer;
  client.protocol.SetObserver(&observer);
  const std::string compressed = Hex("f2 48 cd c9 c9 07 00");
  client.Receive(ServerFrame(0x01, "ab") + ServerFrame(0x89, "ping") + ServerFrame(0x80, "c") +
                 ServerFrame(0xC2, compressed) + Hex("81 05") + "He");
  REQUIRE(observer.frames.size() == 6);
  ExpectSeen(observer.frames[0], Direction::kReceived, {Opcode::kText, false, 2}, "ab");
  ExpectSeen(observer.frames[1], Direction::kReceived, {Opcode::kPing, true, 4}, "ping");
  ExpectSeen(observer.frames[2], Direction::kSent, {Opcode::kPong, true, 4}, "ping");
  ExpectSeen(observer.frames[3], Direction::kReceived, {Opcode::kContinuation, true, 1}, "c");
  ExpectSeen(observer.frames[4], Direction::kReceived, {Opcode::kBinary, true, 7, true}, compressed);
  ExpectSeen(observer.frames[5], Direction::kReceived, {Opcode::kText, true, 5}, "He");
  client.Receive("llo" + Hex("82"));
  CHECK(observer.frames.size() == 6);
  client.Receive(Hex("01"));
  REQUIRE(observer.frames.size() == 7);
  ExpectSeen(observer.frames[6], Direction::kReceived, {Opcode::kBinary, true, 1}, "");
}

TEST_CASE("an observer sees each frame sent, its length on the wire and its payload as it was given") {
  Client client;
  client.protocol.EnableCompression({});
  Observer observer;
  client.protocol.SetObserver(&observer);
  Payload large(3);
  std::copy_n("abc", 3, large.bytes());
  large.set_size(3);
  client.protocol.SendMessage({.opcode = Opcode::kText, .more = true, .compress = true}, AsSpan("Hello"));
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("Hello"));
  client.protocol.SendLargeMessage({.opcode = Opcode::kBinary}, std::move(large));
  client.protocol.SendPing(AsSpan("ping"));
  client.protocol.SendClose(1000, "x");
  const test::SentFrames frames = client.Sent();
  REQUIRE(observer.frames.size() == 5);
  const std::vector<std::string> payloads{"Hello", "Hello", "abc", "ping", Hex("03 e8") + "x"};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    INFO("frame ", i);
    const test::SentFrame& frame = frames[i];
    const bool compressed = i < 2;  // also where the header does not say so
    ExpectSeen(observer.frames[i], Direction::kSent, {frame.opcode, frame.fin, frame.payload.size(), compressed},
               payloads[i]);
  }
}

TEST_CASE("an observer sees the frame that fails the connection if its header is sound, and the Close that follows") {
  Client client;
  Observer observer;
  client.protocol.SetObserver(&observer);
  client.Receive(Hex("80 01") + "x" + ServerFrame(0x81, "late"));
  REQUIRE(observer.frames.size() == 2);
  ExpectSeen(observer.frames[0], Direction::kReceived, {Opcode::kContinuation, true, 1}, "x");
  CHECK(observer.frames[1].opcode == Opcode::kClose);
}

}  // namespace
}  // namespace hawser::core
