// What a protocol delivers: messages, whole and fragmented, in the encoding that suits their reader.
#include <doctest/doctest.h>

#include <string>

#include "core/protocol.h"
#include "test/support/deliver.h"

namespace hawser::core {
namespace {

using test::Binary;
using test::Client;
using test::Deliver;
using test::Events;
using test::Hex;
using test::Ping;
using test::Pong;
using test::ServerFrame;
using test::Text;

void ExpectEvents(const std::string& bytes, const Events& events) {
  Deliver(bytes, [&](Client& client) {
    CHECK(client.events == events);
    CHECK(client.ErrorKind() == ErrorKind::kNone);
    CHECK_FALSE(client.protocol.input_done());
  });
}

// `count` characters as UTF-8.
std::string Repeat(const std::string& character, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += character;
  return text;
}

TEST_CASE("delivers a text message") { ExpectEvents(Hex("81 05") + "Hello", {Text("Hello")}); }

TEST_CASE("delivers a binary message") { ExpectEvents(Hex("82 03 00 ff 7f"), {Binary(Hex("00 ff 7f"))}); }

TEST_CASE("delivers empty messages") { ExpectEvents(Hex("81 00 82 00"), {Text(""), Binary("")}); }

TEST_CASE("delivers messages in the order in which they came") {
  ExpectEvents(Hex("81 01") + "a" + Hex("82 01") + "b" + Hex("81 02") + "é", {Text("a"), Binary("b"), Text("é")});
}

TEST_CASE("delivers the fragmented text message of RFC 6455 §5.7") {
  ExpectEvents(Hex("01 03") + "Hel" + Hex("80 02") + "lo", {Text("Hello")});
}

TEST_CASE("delivers a fragmented message with empty fragments") {
  ExpectEvents(Hex("02 00 00 00 00 01 41 80 00"), {Binary("A")});
}

TEST_CASE("delivers pings and pongs between fragments before their message") {
  ExpectEvents(Hex("01 01") + "a" + Hex("89 01") + "p" + Hex("00 01") + "b" + Hex("8a 01") + "q" + Hex("80 01") + "c",
               {Ping("p"), Pong("q"), Text("abc")});
}

TEST_CASE("delivers a code point that is cut between fragments") {
  ExpectEvents(Hex("01 02 f0 9f 89 00 00 01 9a 80 01 80"), {Ping(""), Text("🚀")});
}

TEST_CASE("delivers messages with 16-bit lengths") {
  for (const std::size_t size : {126U, 127U, 200U}) {
    const std::string text(size, 'x');
    ExpectEvents(ServerFrame(0x81, text) + ServerFrame(0x82, text), {Text(text), Binary(text)});
  }
}

TEST_CASE("delivers a message with a 64-bit length") {
  const std::string text(66'000, 'x');
  ExpectEvents(ServerFrame(0x82, text), {Binary(text)});
}

TEST_CASE("delivers ASCII text as it came and other text as UTF-16") {
  const std::string bytes = Hex("81 05") + "Hello" + Hex("81 03") + "né" + Hex("82 03") + "né" + Hex("01 01") + "a" +
                            Hex("80 01") + "b" + Hex("01 01") + "a" + Hex("80 03") + "€";
  Deliver(bytes, [](Client& client) {
    CHECK(client.events == Events{Text("Hello"), Text("né"), Binary("né"), Text("ab"), Text("a€")});
    CHECK(client.sink.kinds == std::vector{MessageKind::kAscii, MessageKind::kUtf16, MessageKind::kBinary,
                                           MessageKind::kAscii, MessageKind::kAscii, MessageKind::kAscii,
                                           MessageKind::kUtf16});
  });
}

TEST_CASE("delivers text in every script, alone and mixed") {
  for (const char* text : {"Zoë naïve", "Съешь ещё этих мягких французских булок", "漢字かな交じり文", "नमस्ते दुनिया",
                           "שלום עולם مرحبا", "🚀🎉👩‍👩‍👧‍👦", "a€b漢c🚀d é Ж e"}) {
    ExpectEvents(ServerFrame(0x81, text), {Text(text)});
  }
}

TEST_CASE("delivers small messages within a batch and large ones on their own") {
  const std::string small(kWorthMoving - 1, 'x');
  const std::string large(kLargeMessage + 1, 'y');
  Deliver(ServerFrame(0x81, small) + ServerFrame(0x82, large) + ServerFrame(0x81, large), [&](Client& client) {
    CHECK(client.events == Events{Text(small), Binary(large), Text(large)});
    CHECK(client.sink.large == std::vector<bool>{false, true, true});
  });
}

TEST_CASE("delivers text as UTF-16 on either side of the large size") {
  const std::string small = Repeat("é", kLargeMessage / 2);
  const std::string large = Repeat("漢", kLargeMessage / 3 + 1);
  Deliver(ServerFrame(0x81, small) + ServerFrame(0x81, large), [&](Client& client) {
    CHECK(client.events == Events{Text(small), Text(large)});
    CHECK(client.sink.large == std::vector<bool>{false, true});
    CHECK(client.sink.kinds == std::vector{MessageKind::kUtf16, MessageKind::kUtf16});
  });
}

TEST_CASE("delivers messages of a middle size on their own if they were put together from pieces") {
  const std::string whole(kLargeMessage, 'x');
  const std::string middle(kWorthMoving, 'y');
  const std::string frame = ServerFrame(0x82, middle);
  Client client;
  client.Receive(ServerFrame(0x82, whole));
  client.Receive(frame.substr(0, 100));
  client.Receive(frame.substr(100));
  CHECK(client.events == Events{Binary(whole), Binary(middle)});
  CHECK(client.sink.large == std::vector<bool>{false, true});
}

TEST_CASE("delivers a text whose last byte makes it UTF-16") {
  const std::string text = std::string(kLargeMessage, 'x') + "€";
  ExpectEvents(ServerFrame(0x81, text), {Text(text)});
}

TEST_CASE("delivers large fragments on their own") {
  const std::string half(40'000, 'x');
  Deliver(ServerFrame(0x02, half) + ServerFrame(0x80, half), [&](Client& client) {
    CHECK(client.events == Events{Binary(half + half)});
    CHECK(client.sink.large == std::vector<bool>{true, true});
  });
}

TEST_CASE("delivers a message of many small fragments") {
  std::string bytes = Hex("01 00");
  for (int i = 0; i < 300; ++i) bytes += Hex("00 01") + "x";
  ExpectEvents(bytes + Hex("80 00"), {Text(std::string(300, 'x'))});
}

TEST_CASE("delivers messages that still arrive after a Close was sent") {
  const test::Setup setup{.before = [](Client& client) { client.protocol.SendClose(1000, ""); }};
  Deliver(setup, Hex("81 01") + "a" + Hex("82 01") + "b" + Hex("88 02 03 e8"), [](Client& client) {
    CHECK(client.events == Events{Text("a"), Binary("b")});
    CHECK(client.protocol.close_received());
  });
}

TEST_CASE("stops behind the frame that made too much, and goes on with what it left") {
  const std::string frames = Hex("81 01") + "a" + Hex("82 02") + "bc" + Hex("89 01") + "p" + Hex("81 02") + "de";
  const auto bytes = test::AsSpan(frames);
  Client client;
  const auto rest = client.protocol.Receive(bytes, client.sink, 0, 2);
  CHECK(client.events == Events{Text("a"), Binary("bc")});
  CHECK(test::AsString(rest) == Hex("89 01") + "p" + Hex("81 02") + "de");
  CHECK(client.protocol.Receive(rest, client.sink, 0, 2).empty());
  CHECK(client.events == Events{Text("a"), Binary("bc"), Ping("p"), Text("de")});
}

TEST_CASE("leaves nothing once its input is over") {
  const std::string frames = Hex("81 03") + "abc" + Hex("88 00") + Hex("81 00");
  Client client;
  CHECK(client.protocol.Receive(test::AsSpan(frames), client.sink).empty());
  CHECK(client.events == Events{Text("abc")});
}

}  // namespace
}  // namespace hawser::core
