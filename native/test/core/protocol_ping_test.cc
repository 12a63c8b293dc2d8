// Pings and pongs (RFC 6455 §5.5.2, §5.5.3).
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "core/protocol.h"
#include "test/support/deliver.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Client;
using test::Deliver;
using test::Events;
using test::Hex;
using test::Ping;
using test::Pong;
using test::SentClose;
using test::SentFrame;
using test::SentFrames;
using test::SentPong;
using test::ServerFrame;
using test::Setup;

const std::string kFilling(125, 'x');

// Pings until more than kPongBacklog of their answers wait.
void FillOutput(Client& client) {
  while (client.protocol.output().urgent_size() <= kPongBacklog) client.Receive(ServerFrame(0x89, kFilling));
  client.sink.events.clear();
}

// The frames sent besides those that FillOutput asked for.
SentFrames Drain(Client& client) {
  SentFrames frames = client.Sent();
  client.protocol.OutputDrained();
  for (SentFrame& frame : client.Sent()) frames.push_back(std::move(frame));
  std::erase(frames, SentPong(kFilling));
  return frames;
}

TEST_CASE("answers a ping with a pong of the same payload") {
  Deliver(Hex("89 05") + "Hello", [](Client& client) {
    CHECK(client.events == Events{Ping("Hello")});
    CHECK(client.Sent() == SentFrames{SentPong("Hello")});
  });
}

TEST_CASE("answers an empty ping and one of 125 bytes") {
  const std::string longest(125, 'x');
  Deliver(Hex("89 00") + ServerFrame(0x89, longest), [&](Client& client) {
    CHECK(client.Sent() == SentFrames{SentPong(""), SentPong(longest)});
  });
}

TEST_CASE("answers pings in their order, also between fragments") {
  Deliver(Hex("01 01") + "a" + Hex("89 01") + "1" + Hex("89 01") + "2" + Hex("80 00"), [](Client& client) {
    CHECK(client.Sent() == SentFrames{SentPong("1"), SentPong("2")});
  });
}

TEST_CASE("does not answer a pong") {
  Deliver(Hex("8a 03") + "yes", [](Client& client) {
    CHECK(client.events == Events{Pong("yes")});
    CHECK(client.Sent().empty());
  });
}

TEST_CASE("a pong overtakes messages that wait, however much that is") {
  const std::string waiting(kPongBacklog + 1, 'x');
  Client client;
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan(waiting));
  client.Receive(Hex("89 01") + "p");
  CHECK(client.Sent() == SentFrames{SentPong("p"), {Opcode::kText, waiting}});
}

TEST_CASE("does not answer a ping after a Close was sent, but tells of it") {
  const Setup setup{.before = [](Client& client) { client.protocol.SendClose(1000, ""); }};
  Deliver(setup, Hex("89 01") + "p", [](Client& client) {
    CHECK(client.events == Events{Ping("p")});
    CHECK(client.Sent() == SentFrames{SentClose(1000)});
  });
}

TEST_CASE("answers only the latest ping while many answers wait, once they have drained") {
  Deliver({.before = FillOutput}, Hex("89 01 31 89 01 32 89 01 33"), [](Client& client) {
    CHECK(client.events == Events{Ping("1"), Ping("2"), Ping("3")});
    CHECK(Drain(client) == SentFrames{SentPong("3")});
    CHECK(Drain(client).empty());
  });
}

TEST_CASE("keeps a ping back while too many answers still wait") {
  Client client;
  FillOutput(client);
  client.Receive(Hex("89 01 31"));
  std::array<std::span<const std::uint8_t>, 1> piece;
  REQUIRE(client.protocol.output().Peek(piece) == 1);
  client.protocol.output().Consume(100);
  const std::size_t waiting = client.protocol.output().size();
  client.protocol.OutputDrained();
  CHECK(client.protocol.output().size() == waiting);
}

TEST_CASE("a ping that comes after the output drained makes the one kept back needless") {
  Client client;
  FillOutput(client);
  client.Receive(Hex("89 01 31"));
  CHECK(client.Sent().back() == SentPong(kFilling));
  client.Receive(Hex("89 01 32"));
  CHECK(Drain(client) == SentFrames{SentPong("2")});
}

TEST_CASE("a ping kept back is not answered after a Close") {
  Client client;
  FillOutput(client);
  client.Receive(Hex("89 01 31"));
  client.protocol.SendClose(1000, "");
  CHECK(Drain(client) == SentFrames{SentClose(1000)});
}

TEST_CASE("draining with no ping kept back sends nothing") {
  Client client;
  client.protocol.OutputDrained();
  CHECK(client.Sent().empty());
}

TEST_CASE("sends pings and pongs of its own in their order") {
  Client client;
  CHECK(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("a")));
  CHECK(client.protocol.SendPing(AsSpan("ping")));
  CHECK(client.protocol.SendPong(AsSpan("pong")));
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "a"}, {Opcode::kPing, "ping"}, SentPong("pong")});
}

}  // namespace
}  // namespace hawser::core
