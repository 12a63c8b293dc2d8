// What who looks on sees of frames, and what is counted of them.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/frame_observer.h"
#include "core/protocol.h"
#include "test/support/deliver.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::AsString;
using test::Client;
using test::Deliver;
using test::Hex;
using test::ServerFrame;
using test::Setup;

struct Observed {
  Direction direction = Direction::kReceived;
  Opcode opcode = Opcode::kContinuation;
  bool fin = true;
  std::uint64_t length = 0;
  bool compressed = false;
  std::string payload;

  bool operator==(const Observed&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Observed& frame) {
  return out << (frame.direction == Direction::kSent ? ">" : "<") << static_cast<int>(frame.opcode)
             << (frame.fin ? " fin " : " ") << frame.length << (frame.compressed ? " compressed " : " ")
             << frame.payload;
}

class Observer final : public FrameObserver {
 public:
  void OnFrame(Direction direction, const FrameHeader& header,
               std::span<const std::uint8_t> payload) noexcept override {
    frames.push_back({direction, header.opcode, header.fin, header.length, header.compressed, AsString(payload)});
  }
  std::vector<Observed> frames;
};

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

TEST_CASE("what is received is counted by kind, and the same however the network cuts it") {
  const std::string bytes = ServerFrame(0x81, "text") + ServerFrame(0x82, std::string(100'000, 'b')) +
                            ServerFrame(0x01, "\xC3") + ServerFrame(0x89, "p") + ServerFrame(0x00, "\xA9 ") +
                            ServerFrame(0x80, "") + ServerFrame(0x8A, "") + ServerFrame(0x81, "größe");
  for (const auto path : {test::Path::kChunk, test::Path::kDirect, test::Path::kBehind}) {
    Client client;
    client.Receive(bytes, path);
    const Traffic received = client.protocol.received();
    CHECK(received.messages == 4);
    CHECK(received.message_bytes == 4 + 100'000 + 3 + 7);
    CHECK(received.of(Opcode::kText) == 3);
    CHECK(received.of(Opcode::kBinary) == 1);
    CHECK(received.of(Opcode::kContinuation) == 2);
    CHECK(received.of(Opcode::kPing) == 1);
    CHECK(received.of(Opcode::kPong) == 1);
    CHECK(received.of(Opcode::kClose) == 0);
    CHECK(client.protocol.sent().of(Opcode::kPong) == 1);
  }
}

TEST_CASE("of a message in fragments those that have come count as bytes, and the message once it is whole") {
  Client client;
  client.Receive(ServerFrame(0x01, "one") + ServerFrame(0x00, "two"));
  CHECK(client.protocol.received().messages == 0);
  CHECK(client.protocol.received().message_bytes == 6);
  client.Receive(ServerFrame(0x80, "!"));
  CHECK(client.protocol.received().messages == 1);
  CHECK(client.protocol.received().message_bytes == 7);
}

TEST_CASE("compressed messages count with the bytes that they inflate to") {
  Client client;
  client.protocol.EnableCompression({});
  client.Receive(Hex("c1 07 f2 48 cd c9 c9 07 00") + Hex("41 03 f2 48 cd 80 04 c9 c9 07 00"));
  CHECK(client.protocol.received().message_bytes == 10);
  CHECK(client.protocol.received().messages == 2);
}

TEST_CASE("what is sent is counted by kind, with the bytes of messages before they are compressed") {
  Client client;
  client.protocol.EnableCompression({});
  client.protocol.SendMessage({.opcode = Opcode::kText, .compress = true}, AsSpan(std::string(1000, 'x')));
  client.protocol.SendMessage({.opcode = Opcode::kBinary, .more = true}, AsSpan("one"));
  client.protocol.SendPing(AsSpan("p"));
  client.protocol.SendLargeMessage({.opcode = Opcode::kBinary}, core::Payload(0));
  client.protocol.SendPong({});
  client.protocol.SendClose(1000, "bye");
  const Traffic& sent = client.protocol.sent();
  CHECK(sent.messages == 2);
  CHECK(sent.message_bytes == 1003);
  CHECK(sent.of(Opcode::kText) == 1);
  CHECK(sent.of(Opcode::kBinary) == 1);
  CHECK(sent.of(Opcode::kContinuation) == 1);
  CHECK(sent.of(Opcode::kPing) == 1);
  CHECK(sent.of(Opcode::kPong) == 1);
  CHECK(sent.of(Opcode::kClose) == 1);
}

TEST_CASE("what is refused after a Close is not counted") {
  Client client;
  client.protocol.SendClose(1000, "");
  CHECK_FALSE(client.protocol.SendPing(AsSpan("late")));
  CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("late")));
  client.protocol.SendClose(1001, "");
  CHECK(client.protocol.sent().of(Opcode::kPing) == 0);
  CHECK(client.protocol.sent().messages == 0);
  CHECK(client.protocol.sent().of(Opcode::kClose) == 1);
}

}  // namespace
}  // namespace hawser::core
