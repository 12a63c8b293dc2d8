// What fails a connection (RFC 6455 §7.1.7), with which code, and how early.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "core/protocol.h"
#include "test/support/deliver.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::BigEndian;
using test::Client;
using test::Deliver;
using test::Events;
using test::ExpectFailure;
using test::Hex;
using test::SentClose;
using test::SentFrames;
using test::ServerFrame;
using test::Setup;
using test::Text;

// What follows an error must be ignored, whatever it is.
const std::string kLate = Hex("81 04") + "late" + Hex("89 00 88 02 03 e8 ff ff ff ff");

TEST_CASE("fails on reserved bits") {
  ExpectFailure(Hex("c1 00") + kLate, ErrorKind::kReservedBits);
  ExpectFailure(Hex("a2 00") + kLate, ErrorKind::kReservedBits);
  ExpectFailure(Hex("99 00") + kLate, ErrorKind::kReservedBits);
}

TEST_CASE("fails on reserved opcodes") {
  ExpectFailure(Hex("83 00") + kLate, ErrorKind::kReservedOpcode);
  ExpectFailure(Hex("8f 00") + kLate, ErrorKind::kReservedOpcode);
}

TEST_CASE("fails on masked frames") { ExpectFailure(Hex("81 81 01 02 03 04 60") + kLate, ErrorKind::kMaskedFrame); }

TEST_CASE("fails on lengths that are not minimal") {
  ExpectFailure(Hex("81 7e 00 05") + "Hello" + kLate, ErrorKind::kNonMinimalLength);
  ExpectFailure(Hex("81 7f 00 00 00 00 00 00 00 05") + "Hello" + kLate, ErrorKind::kNonMinimalLength);
}

TEST_CASE("fails on lengths of 2^63 and more") {
  ExpectFailure(Hex("82 7f 80 00 00 00 00 00 00 00") + kLate, ErrorKind::kLengthOverflow);
  ExpectFailure(Hex("82 7f ff ff ff ff ff ff ff ff") + kLate, ErrorKind::kLengthOverflow);
}

TEST_CASE("fails on control frames that are too long") {
  ExpectFailure(ServerFrame(0x89, std::string(126, 'x')) + kLate, ErrorKind::kControlFrameTooLong);
  ExpectFailure(ServerFrame(0x88, std::string(126, 'x')) + kLate, ErrorKind::kControlFrameTooLong);
}

TEST_CASE("fails on fragmented control frames") {
  ExpectFailure(Hex("09 00 80 00") + kLate, ErrorKind::kFragmentedControl);
}

TEST_CASE("fails on a continuation without a message") {
  ExpectFailure(Hex("80 01 61") + kLate, ErrorKind::kUnexpectedContinuation);
  ExpectFailure(Hex("81 01 61 00 01 61") + kLate, ErrorKind::kUnexpectedContinuation, {Text("a")});
}

TEST_CASE("fails on a new message inside a fragmented one") {
  ExpectFailure(Hex("01 01 61 81 01 61") + kLate, ErrorKind::kExpectedContinuation);
  ExpectFailure(Hex("02 00 02 01 61") + kLate, ErrorKind::kExpectedContinuation);
}

TEST_CASE("fails on text that is not UTF-8") {
  for (const char* bad : {"ff", "c0 80", "c3 28", "e0 80 80", "ed a0 80", "f0 80 80 80", "f4 90 80 80", "80", "fe"}) {
    ExpectFailure(ServerFrame(0x81, Hex(bad)) + kLate, ErrorKind::kInvalidUtf8);
    ExpectFailure(ServerFrame(0x81, "good é " + Hex(bad) + " enough to go on") + kLate, ErrorKind::kInvalidUtf8);
    ExpectFailure(ServerFrame(0x01, "good") + ServerFrame(0x80, Hex(bad)) + kLate, ErrorKind::kInvalidUtf8);
  }
}

TEST_CASE("fails on text that ends inside a code point") {
  ExpectFailure(ServerFrame(0x81, Hex("e2 82")) + kLate, ErrorKind::kInvalidUtf8);
  ExpectFailure(ServerFrame(0x01, Hex("e2 82")) + Hex("80 00") + kLate, ErrorKind::kInvalidUtf8);
}

TEST_CASE("fails on large text that is not UTF-8") {
  std::string text(50'000, 'x');
  text[49'990] = '\xC3';
  ExpectFailure(ServerFrame(0x81, text) + kLate, ErrorKind::kInvalidUtf8);
}

TEST_CASE("delivers what came before the failure") {
  ExpectFailure(ServerFrame(0x81, "one") + ServerFrame(0x81, "two") + Hex("ff") + kLate, ErrorKind::kReservedBits,
                {Text("one"), Text("two")});
}

TEST_CASE("fails inside a text frame, at the byte that no valid text can have there") {
  Client client;
  client.Receive(Hex("81 7e 03 e8") + "The first few bytes of a thousand \xF0\x9F");
  CHECK_FALSE(client.protocol.input_done());
  client.Receive("\x28");
  CHECK(client.ErrorKind() == ErrorKind::kInvalidUtf8);
}

TEST_CASE("fails inside the last fragment, at the byte that breaks a code point begun in the one before") {
  Client client;
  client.Receive(Hex("01 01 e2 80 7d 82"));
  CHECK_FALSE(client.protocol.input_done());
  client.Receive("(");
  CHECK(client.ErrorKind() == ErrorKind::kInvalidUtf8);
}

TEST_CASE("fails at the first byte of a frame that cannot be right") {
  Client client;
  client.Receive(Hex("83"));
  CHECK(client.ErrorKind() == ErrorKind::kReservedOpcode);
}

TEST_CASE("fails on a Close with a payload of one byte") {
  ExpectFailure(Hex("88 01 03") + kLate, ErrorKind::kClosePayloadTooShort);
}

TEST_CASE("fails on a Close with a code that may not be on the wire") {
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65'535}) {
    ExpectFailure(Hex("88 02") + BigEndian(static_cast<std::uint64_t>(code), 2) + kLate, ErrorKind::kInvalidCloseCode);
  }
}

TEST_CASE("fails on a Close whose reason is not UTF-8") {
  ExpectFailure(Hex("88 04 03 e8 c3 28") + kLate, ErrorKind::kInvalidCloseReason);
  ExpectFailure(Hex("88 03 03 e8 c3") + kLate, ErrorKind::kInvalidCloseReason);
}

TEST_CASE("an invalid Close does not count as received") {
  Deliver(Hex("88 01 03"), [](Client& client) {
    CHECK_FALSE(client.protocol.close_received());
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    CHECK_FALSE(outcome.received);
    CHECK(outcome.sent.value().code == 1002);
    CHECK_FALSE(outcome.received_first);
    CHECK(outcome.cause == CloseCause::kProtocol);
    CHECK(outcome.error.kind == ErrorKind::kClosePayloadTooShort);
    CHECK(outcome.detail == Describe(ErrorKind::kClosePayloadTooShort));
  });
}

TEST_CASE("an error after our Close fails the connection without a second one") {
  const Setup setup{.before = [](Client& client) { client.protocol.SendClose(1000, ""); }};
  Deliver(setup, Hex("ff") + kLate, [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kReservedBits);
    CHECK(client.protocol.input_done());
    CHECK(client.Sent() == SentFrames{SentClose(1000)});
  });
}

TEST_CASE("nothing can be sent on a failed connection") {
  Deliver(Hex("ff"), [](Client& client) {
    CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("late")));
    CHECK(client.Sent().size() == 1);
  });
}

TEST_CASE("fails on a message over the limit, by its declared length") {
  const Setup setup{.limits = {.max_message_size = 10}};
  Deliver(setup, Hex("82 0a") + "0123456789" + Hex("82 0b"), [](Client& client) {
    CHECK(client.events == Events{test::Binary("0123456789")});
    CHECK(client.ErrorKind() == ErrorKind::kMessageTooBig);
    CHECK(client.protocol.error().limit == 10);
    CHECK(client.protocol.error().actual == 11);
    CHECK(client.Sent() == SentFrames{SentClose(1009, "message is too big")});
  });
}

TEST_CASE("fails on the largest length there is, by its declared length") {
  Deliver(Hex("82 7f 7f ff ff ff ff ff ff ff"), [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kMessageTooBig);
    CHECK(client.protocol.error().actual == 0x7FFF'FFFF'FFFF'FFFF);
  });
}

TEST_CASE("fails on fragments over the limit together, by their declared lengths") {
  const Setup setup{.limits = {.max_message_size = 10}};
  Deliver(setup, Hex("02 06") + "012345" + Hex("89 00 80 05"), [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kMessageTooBig);
    CHECK(client.protocol.error().actual == 11);
  });
}

TEST_CASE("a control frame is not judged by the message limit") {
  const Setup setup{.limits = {.max_message_size = 1}};
  Deliver(setup, Hex("89 05") + "Hello", [](Client& client) { CHECK(client.ErrorKind() == ErrorKind::kNone); });
}

TEST_CASE("fails on more fragments than the limit") {
  const Setup setup{.limits = {.max_fragments = 2}};
  Deliver(setup, Hex("01 00 80 00 01 00 00 00 00"), [](Client& client) {
    CHECK(client.events == Events{Text("")});
    CHECK(client.ErrorKind() == ErrorKind::kNone);
  });
  Deliver(setup, Hex("01 00 00 00 89 00 80 00"), [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kTooManyFragments);
    CHECK(client.protocol.error().limit == 2);
    CHECK(client.protocol.error().actual == 3);
    CHECK(client.Sent().back() == SentClose(1009, "message has too many fragments"));
  });
}

}  // namespace
}  // namespace hawser::core
