// What a protocol counts.
#include <doctest/doctest.h>

#include <string>

#include "core/protocol.h"
#include "test/support/deliver.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Client;
using test::Compressed;
using test::Deliver;
using test::Hex;
using test::ServerFrame;

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
  Deliver(Compressed(), kBytes, [](Client& client) {
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
