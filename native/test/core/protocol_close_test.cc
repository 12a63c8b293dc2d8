// The closing handshake (RFC 6455 §5.5.1, §7.1), from either side and across.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "core/protocol.h"
#include "test/support/deliver.h"

namespace hawser::core {
namespace {

using test::Client;
using test::Deliver;
using test::Events;
using test::Hex;
using test::SentClose;
using test::SentFrames;
using test::ServerFrame;
using test::Setup;
using test::Text;

const Setup kAfterOurClose{.before = [](Client& client) { client.protocol.SendClose(1001, "bye"); }};

TEST_CASE("answers a Close with a Close of the same code, without its reason") {
  Deliver(Hex("88 06 0f a0") + "done", [](Client& client) {
    CHECK(client.Sent() == SentFrames{SentClose(4000)});
    CHECK(client.protocol.close_sent());
    CHECK(client.protocol.close_received());
    CHECK(client.protocol.input_done());
    CHECK(client.ErrorKind() == ErrorKind::kNone);
  });
}

TEST_CASE("answers an empty Close with an empty Close") {
  Deliver(Hex("88 00"), [](Client& client) {
    CHECK(client.Sent() == SentFrames{{Opcode::kClose, ""}});
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    REQUIRE(outcome.received);
    CHECK(outcome.received->code == 1005);
    REQUIRE(outcome.sent);
    CHECK(outcome.sent->code == 1005);
  });
}

TEST_CASE("does not answer the Close that answers its own") {
  Deliver(kAfterOurClose, Hex("88 02 03 e9"), [](Client& client) {
    CHECK(client.Sent() == SentFrames{SentClose(1001, "bye")});
    CHECK(client.protocol.input_done());
  });
}

TEST_CASE("ignores everything after a Close") {
  Deliver(Hex("88 02 03 e8") + ServerFrame(0x81, "late") + ServerFrame(0x89, "late") + Hex("88 02 03 e9 ff ff ff"),
          [](Client& client) {
            CHECK(client.events.empty());
            CHECK(client.ErrorKind() == ErrorKind::kNone);
            CHECK(client.Sent() == SentFrames{SentClose(1000)});
          });
}

TEST_CASE("delivers what came before a Close") {
  Deliver(ServerFrame(0x81, "last") + Hex("88 00"),
          [](Client& client) { CHECK(client.events == Events{Text("last")}); });
}

TEST_CASE("drops the message that a Close cuts") {
  Deliver(ServerFrame(0x01, "half") + Hex("88 02 03 e8"), [](Client& client) {
    CHECK(client.events.empty());
    CHECK(client.ErrorKind() == ErrorKind::kNone);
  });
}

TEST_CASE("the outcome tells the frames and that the peer's was first") {
  Deliver(Hex("88 06 0f a0") + "done", [](Client& client) {
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    REQUIRE(outcome.received);
    CHECK(outcome.received->code == 4000);
    CHECK(outcome.received->reason == "done");
    REQUIRE(outcome.sent);
    CHECK(outcome.sent->code == 4000);
    CHECK(outcome.sent->reason.empty());
    CHECK(outcome.received_first);
    CHECK(outcome.cause == CloseCause::kNone);
  });
}

TEST_CASE("the outcome tells the frames and that ours was first") {
  Deliver(kAfterOurClose, Hex("88 05 03 e9") + "bye", [](Client& client) {
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    REQUIRE(outcome.sent);
    CHECK(outcome.sent->code == 1001);
    CHECK(outcome.sent->reason == "bye");
    REQUIRE(outcome.received);
    CHECK(outcome.received->code == 1001);
    CHECK_FALSE(outcome.received_first);
  });
}

TEST_CASE("both sides' Closes are kept when they cross with different codes") {
  Deliver(kAfterOurClose, Hex("88 02 03 f3"), [](Client& client) {
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    CHECK(outcome.sent.value().code == 1001);
    CHECK(outcome.received.value().code == 1011);
  });
}

TEST_CASE("the outcome of a connection that never closed is empty") {
  Client client;
  const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
  CHECK_FALSE(outcome.received);
  CHECK_FALSE(outcome.sent);
  CHECK_FALSE(outcome.received_first);
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.detail.empty());
}

TEST_CASE("sends the code and reason it is told to") {
  Client client;
  client.protocol.SendClose(4321, "so long ☂");
  CHECK(client.Sent() == SentFrames{SentClose(4321, "so long ☂")});
  CHECK(client.protocol.close_sent());
  CHECK_FALSE(client.protocol.input_done());
}

TEST_CASE("sends an empty Close for 1005") {
  Client client;
  client.protocol.SendClose(1005, "");
  CHECK(client.Sent() == SentFrames{{Opcode::kClose, ""}});
}

TEST_CASE("sends one Close only") {
  Client client;
  client.protocol.SendClose(1000, "first");
  client.protocol.SendClose(1001, "second");
  client.protocol.Fail(1011, "third");
  CHECK(client.Sent() == SentFrames{SentClose(1000, "first")});
}

TEST_CASE("cuts a reason that does not fit") {
  Client client;
  client.protocol.SendClose(1000, std::string(200, 'x'));
  CHECK(client.Sent() == SentFrames{SentClose(1000, std::string(123, 'x'))});
}

TEST_CASE("sends nothing after a Close") {
  Client client;
  client.protocol.SendClose(1000, "");
  CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, test::AsSpan("late")));
  CHECK_FALSE(client.protocol.SendLargeMessage({.opcode = Opcode::kText}, Payload(10)));
  CHECK_FALSE(client.protocol.SendPing({}));
  CHECK_FALSE(client.protocol.SendPong({}));
  CHECK(client.Sent() == SentFrames{SentClose(1000)});
}

TEST_CASE("sends nothing after it answered a Close") {
  Deliver(Hex("88 00"), [](Client& client) {
    CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, test::AsSpan("late")));
    CHECK(client.Sent().size() == 1);
  });
}

TEST_CASE("a Close goes behind the messages that were sent before it") {
  Client client;
  CHECK(client.protocol.SendMessage({.opcode = Opcode::kText}, test::AsSpan("one")));
  CHECK(client.protocol.SendPing(test::AsSpan("two")));
  client.protocol.SendClose(1000, "");
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "one"}, {Opcode::kPing, "two"}, SentClose(1000)});
}

TEST_CASE("a failed connection sends Close and ignores all that comes after") {
  Client client;
  client.protocol.Fail(1011, "keepalive ping timeout");
  CHECK(client.protocol.input_done());
  client.Receive(ServerFrame(0x81, "late") + Hex("88 00"));
  CHECK(client.events.empty());
  CHECK_FALSE(client.protocol.close_received());
  CHECK(client.Sent() == SentFrames{SentClose(1011, "keepalive ping timeout")});
  const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
  CHECK(outcome.cause == CloseCause::kNone);
}

TEST_CASE("a connection that fails after its Close ignores the peer's answer") {
  Client client;
  client.protocol.SendClose(1000, "");
  client.protocol.Fail(1011, "backlog");
  client.Receive(Hex("88 02 03 e8"));
  CHECK_FALSE(client.protocol.close_received());
  CHECK(client.Sent() == SentFrames{SentClose(1000)});
}

}  // namespace
}  // namespace hawser::core
