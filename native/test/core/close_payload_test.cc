#include "core/close_payload.h"

#include <doctest/doctest.h>

#include <string>

#include "test/support/bytes.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::AsString;
using test::Hex;

ErrorKind Judge(const std::string& payload) {
  CloseFrame close;
  return ReadClosePayload(AsSpan(payload), close);
}

CloseFrame Read(const std::string& payload) {
  CloseFrame close;
  CHECK(ReadClosePayload(AsSpan(payload), close) == ErrorKind::kNone);
  return close;
}

TEST_CASE("an empty payload reads as 1005 without a reason") {
  const CloseFrame close = Read("");
  CHECK(close.code == 1005);
  CHECK(close.reason.empty());
}

TEST_CASE("a payload reads as code and reason") {
  const CloseFrame close = Read(Hex("0f a0") + "bye ☂");
  CHECK(close.code == 4000);
  CHECK(close.reason == "bye ☂");
}

TEST_CASE("a payload of one byte is too short") { CHECK(Judge("\x03") == ErrorKind::kClosePayloadTooShort); }

TEST_CASE("a code that may not be on the wire is invalid") {
  CHECK(Judge(Hex("03 ed")) == ErrorKind::kInvalidCloseCode);
  CHECK(Judge(Hex("00 00")) == ErrorKind::kInvalidCloseCode);
}

TEST_CASE("a reason that is not UTF-8 is invalid") {
  CHECK(Judge(Hex("03 e8 ff")) == ErrorKind::kInvalidCloseReason);
  CHECK(Judge(Hex("03 e8 e2 98")) == ErrorKind::kInvalidCloseReason);
}

TEST_CASE("code and reason are written in network order") {
  CHECK(AsString(WriteClosePayload({.code = 1001, .reason = "gone"}).span()) == Hex("03 e9") + "gone");
}

TEST_CASE("1005 is written as an empty payload") {
  CHECK(WriteClosePayload({.code = 1005, .reason = ""}).span().empty());
}

TEST_CASE("a reason that fits is not cut") {
  const std::string reason(kMaxCloseReason, 'x');
  CHECK(FitCloseReason(reason) == reason);
}

TEST_CASE("a reason is cut to what fits, between code points") {
  CHECK(FitCloseReason(std::string(200, 'x')).size() == kMaxCloseReason);
  std::string long_reason;
  while (long_reason.size() < 200) long_reason += "☂";
  CHECK(FitCloseReason(long_reason).size() == kMaxCloseReason / 3 * 3);
  CHECK(FitCloseReason("x" + long_reason).size() == 1 + (kMaxCloseReason - 1) / 3 * 3);
}

}  // namespace
}  // namespace hawser::core
