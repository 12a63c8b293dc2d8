#include "core/frame_parser.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/bytes.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Hex;

struct Parsed {
  std::vector<FrameHeader> headers;
  ErrorKind error = ErrorKind::kNone;
  std::size_t consumed = 0;  // bytes taken until the error, or all
};

// Parses headers that follow each other without payloads.
void Feed(FrameParser& parser, std::string_view bytes, Parsed& parsed) {
  auto input = AsSpan(bytes);
  while (!input.empty()) {
    FrameHeader header;
    const auto before = input.size();
    const auto result = parser.Parse(input, header);
    parsed.consumed += before - input.size();
    if (result == FrameParser::Result::kHeader) parsed.headers.push_back(header);
    if (result == FrameParser::Result::kError) {
      parsed.error = parser.error();
      return;
    }
  }
}

// Parses `bytes` whole, byte by byte and cut in two everywhere; `check` sees each result.
template <class Check>
void Parse(const std::string& digits, Check check) {
  const std::string bytes = Hex(digits);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    INFO("cut after ", split, " bytes");
    FrameParser parser;
    Parsed parsed;
    Feed(parser, std::string_view(bytes).substr(0, split), parsed);
    if (parsed.error == ErrorKind::kNone) Feed(parser, std::string_view(bytes).substr(split), parsed);
    check(parsed);
  }
  FrameParser parser;
  Parsed parsed;
  for (const char byte : bytes) {
    if (parsed.error == ErrorKind::kNone) Feed(parser, {&byte, 1}, parsed);
  }
  INFO("byte by byte");
  check(parsed);
}

void ExpectHeader(const std::string& digits, Opcode opcode, bool fin, std::uint64_t length) {
  Parse(digits, [&](const Parsed& parsed) {
    REQUIRE(parsed.headers.size() == 1);
    CHECK(parsed.headers[0].opcode == opcode);
    CHECK(parsed.headers[0].fin == fin);
    CHECK(parsed.headers[0].length == length);
  });
}

// The error is found when `consumed` bytes were read, although more follow.
void ExpectError(const std::string& digits, ErrorKind error, std::size_t consumed) {
  Parse(digits + "00 00 00 00", [&](const Parsed& parsed) {
    CHECK(parsed.headers.empty());
    CHECK(parsed.error == error);
    CHECK(parsed.consumed == consumed);
  });
}

TEST_CASE("a header of two bytes carries opcode, fin and length") {
  ExpectHeader("81 05", Opcode::kText, true, 5);
  ExpectHeader("02 7d", Opcode::kBinary, false, 125);
  ExpectHeader("00 00", Opcode::kContinuation, false, 0);
  ExpectHeader("88 02", Opcode::kClose, true, 2);
  ExpectHeader("89 00", Opcode::kPing, true, 0);
  ExpectHeader("8a 7d", Opcode::kPong, true, 125);
}

TEST_CASE("a header with a 16-bit length is read in network order") {
  ExpectHeader("82 7e 00 7e", Opcode::kBinary, true, 126);
  ExpectHeader("82 7e 01 00", Opcode::kBinary, true, 256);
  ExpectHeader("82 7e ff ff", Opcode::kBinary, true, 65'535);
}

TEST_CASE("a header with a 64-bit length is read in network order") {
  ExpectHeader("82 7f 00 00 00 00 00 01 00 00", Opcode::kBinary, true, 65'536);
  ExpectHeader("82 7f 00 00 00 01 00 00 00 01", Opcode::kBinary, true, 0x1'0000'0001);
  ExpectHeader("82 7f 7f ff ff ff ff ff ff ff", Opcode::kBinary, true, 0x7FFF'FFFF'FFFF'FFFF);
}

TEST_CASE("headers follow each other") {
  Parse("01 00 89 00 80 7e 01 00 81 00", [](const Parsed& parsed) {
    REQUIRE(parsed.headers.size() == 4);
    CHECK(parsed.headers[1].opcode == Opcode::kPing);
    CHECK(parsed.headers[2].length == 256);
    CHECK(parsed.headers[3].opcode == Opcode::kText);
  });
}

TEST_CASE("reserved bits are refused at the first byte") {
  ExpectError("c1 00", ErrorKind::kReservedBits, 1);
  ExpectError("a1 00", ErrorKind::kReservedBits, 1);
  ExpectError("91 00", ErrorKind::kReservedBits, 1);
  ExpectError("ff ff", ErrorKind::kReservedBits, 1);
}

TEST_CASE("reserved opcodes are refused at the first byte") {
  for (const char* first : {"83", "84", "85", "86", "87", "8b", "8c", "8d", "8e", "8f", "03", "0b"}) {
    ExpectError(std::string(first) + "00", ErrorKind::kReservedOpcode, 1);
  }
}

TEST_CASE("fragmented control frames are refused at the first byte") {
  for (const char* first : {"08", "09", "0a"}) ExpectError(std::string(first) + "00", ErrorKind::kFragmentedControl, 1);
}

TEST_CASE("a mask bit is refused at the second byte") {
  ExpectError("81 80", ErrorKind::kMaskedFrame, 2);
  ExpectError("82 fe", ErrorKind::kMaskedFrame, 2);
  ExpectError("89 ff", ErrorKind::kMaskedFrame, 2);
}

TEST_CASE("control frames over 125 bytes are refused at the second byte") {
  ExpectError("88 7e", ErrorKind::kControlFrameTooLong, 2);
  ExpectError("89 7f", ErrorKind::kControlFrameTooLong, 2);
  ExpectError("8a 7e", ErrorKind::kControlFrameTooLong, 2);
}

TEST_CASE("a 16-bit length that would fit in 7 bits is refused") {
  ExpectError("82 7e 00 00", ErrorKind::kNonMinimalLength, 4);
  ExpectError("82 7e 00 7d", ErrorKind::kNonMinimalLength, 4);
}

TEST_CASE("a 64-bit length that would fit in 16 bits is refused as soon as its upper 48 bits are known") {
  ExpectError("82 7f 00 00 00 00 00 00 ff ff", ErrorKind::kNonMinimalLength, 8);
  ExpectError("82 7f 00 00 00 00 00 00 00 01", ErrorKind::kNonMinimalLength, 8);
}

TEST_CASE("a 64-bit length with its most significant bit set is refused at that byte") {
  ExpectError("82 7f 80 00 00 00 00 00 00 00", ErrorKind::kLengthOverflow, 3);
}

// The first byte with compression allowed: alone, and with the second so that the quick way is taken.
void ExpectWithCompression(std::uint8_t first, ErrorKind error) {
  for (const std::string& bytes : {std::string(1, static_cast<char>(first)), static_cast<char>(first) + Hex("00")}) {
    INFO("first byte ", static_cast<int>(first), ", bytes ", bytes.size());
    FrameParser parser;
    parser.AllowCompression();
    Parsed parsed;
    Feed(parser, bytes, parsed);
    if (bytes.size() == 1) Feed(parser, Hex("00"), parsed);
    CHECK(parsed.error == error);
    REQUIRE(parsed.headers.size() == (error == ErrorKind::kNone ? 1 : 0));
    if (error == ErrorKind::kNone) CHECK(parsed.headers[0].compressed == ((first & 0x40) != 0));
  }
}

TEST_CASE("RSV1 marks a compressed message on its first frame where that is allowed") {
  for (const std::uint8_t first : {0xC1, 0xC2, 0x41, 0x42, 0x81, 0x82, 0x01, 0x02, 0x80, 0x00, 0x88, 0x89, 0x8A}) {
    ExpectWithCompression(first, ErrorKind::kNone);
  }
}

TEST_CASE("RSV1 is refused on continuations and control frames, and RSV2 and RSV3 on all, compression or not") {
  for (const std::uint8_t first : {0xC0, 0x40, 0xC8, 0xC9, 0xCA, 0xC3, 0xA1, 0x91, 0xE1, 0xD1, 0xF1, 0xB2, 0xFF}) {
    ExpectWithCompression(first, ErrorKind::kReservedBits);
  }
}

TEST_CASE("the length of a compressed frame is read as any other's") {
  FrameParser parser;
  parser.AllowCompression();
  Parsed parsed;
  const std::string bytes = Hex("c1 7e 01 00 42 7f 00 00 00 00 00 01 00 00");
  Feed(parser, bytes, parsed);
  REQUIRE(parsed.headers.size() == 2);
  CHECK(parsed.headers[0].compressed);
  CHECK(parsed.headers[0].length == 256);
  CHECK(parsed.headers[1].compressed);
  CHECK_FALSE(parsed.headers[1].fin);
  CHECK(parsed.headers[1].length == 65'536);
}

TEST_CASE("an error is for good") {
  FrameParser parser;
  FrameHeader header;
  const std::string bad = Hex("83 00");
  auto input = AsSpan(bad);
  CHECK(parser.Parse(input, header) == FrameParser::Result::kError);
  const std::string good = Hex("81 00");
  input = AsSpan(good);
  CHECK(parser.Parse(input, header) == FrameParser::Result::kError);
  CHECK(input.size() == good.size());
  CHECK(parser.error() == ErrorKind::kReservedOpcode);
}

TEST_CASE("nothing in, nothing out") {
  FrameParser parser;
  FrameHeader header;
  std::span<const std::uint8_t> input;
  CHECK(parser.Parse(input, header) == FrameParser::Result::kNeedMore);
}

TEST_CASE("a payload is left to the caller") {
  FrameParser parser;
  FrameHeader header;
  const std::string bytes = Hex("81 02") + "hi" + Hex("82 00");
  auto input = AsSpan(bytes);
  CHECK(parser.Parse(input, header) == FrameParser::Result::kHeader);
  CHECK(test::AsString(input.first(2)) == "hi");
  input = input.subspan(2);
  CHECK(parser.Parse(input, header) == FrameParser::Result::kHeader);
  CHECK(header.opcode == Opcode::kBinary);
  CHECK(input.empty());
}

}  // namespace
}  // namespace hawser::core
