#include "core/utf8.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/recording_sink.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Hex;

struct Decoded {
  std::u16string units;
  // Bytes up to and including the first that no valid text can have there; npos if the bytes start a valid text.
  std::size_t bad_at = std::string::npos;
  bool complete = true;
};

bool IsScalar(std::uint32_t point) { return point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF); }

// Whether `prefix` begins the encoding of any scalar value: by encoding the smallest and largest candidates, without
// any table of ranges.
bool BeginsCodePoint(std::string_view prefix) {
  const auto lead = static_cast<std::uint8_t>(prefix[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length == 1 ? lead >= 0x80 : lead >= 0xF8) return false;
  if (length == 1) return true;
  std::uint32_t low = lead & (0x7FU >> length);
  std::uint32_t high = low;
  for (std::size_t i = 1; i < length; ++i) {
    if (i < prefix.size() && (static_cast<std::uint8_t>(prefix[i]) & 0xC0) != 0x80) return false;
    low = low << 6 | (i < prefix.size() ? static_cast<std::uint8_t>(prefix[i]) & 0x3FU : 0);
    high = high << 6 | (i < prefix.size() ? static_cast<std::uint8_t>(prefix[i]) & 0x3FU : 0x3F);
  }
  const std::uint32_t shortest = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  for (std::uint32_t point = std::max(low, shortest); point <= std::min(high, 0x10FFFFU); ++point) {
    if (IsScalar(point)) return true;
  }
  return false;
}

Decoded NaiveDecode(std::string_view bytes) {
  Decoded decoded;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<std::uint8_t>(bytes[at]);
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    for (std::size_t i = 1; i <= length && at + i <= bytes.size(); ++i) {
      if (!BeginsCodePoint(bytes.substr(at, i))) {
        decoded.bad_at = at + i;
        return decoded;
      }
    }
    if (at + length > bytes.size()) {
      decoded.complete = false;
      return decoded;
    }
    std::uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) point = point << 6 | (static_cast<std::uint8_t>(bytes[at + i]) & 0x3FU);
    if (point >= 0x10000) {
      decoded.units += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      decoded.units += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      decoded.units += static_cast<char16_t>(point);
    }
    at += length;
  }
  return decoded;
}

std::optional<std::u16string> Transcode(std::string_view bytes) {
  std::vector<char16_t> units(bytes.size());  // exactly the room that is promised, for ASan to guard
  const auto size = Utf8ToUtf16(AsSpan(bytes), units.data());
  if (!size) return std::nullopt;
  return std::u16string(units.data(), *size);
}

// Bytes after which a byte-by-byte validator says no; npos if it never does.
std::size_t FailsAt(std::string_view bytes, Utf8Validator& validator) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!validator.Validate(AsSpan(bytes.substr(i, 1)))) return i + 1;
  }
  return std::string::npos;
}

bool MatchesReference(std::string_view bytes) {
  const Decoded expected = NaiveDecode(bytes);
  const bool bad = expected.bad_at != std::string::npos;
  Utf8Validator stepping;
  if (FailsAt(bytes, stepping) != expected.bad_at) return false;
  if (stepping.Complete() != (!bad && expected.complete)) return false;
  Utf8Validator whole;
  if (whole.Validate(AsSpan(bytes)) == bad || whole.Complete() != stepping.Complete()) return false;
  const auto transcoded = Transcode(bytes);
  return stepping.Complete() ? transcoded == expected.units : !transcoded;
}

// `core` at every place within a wide step, followed by enough for another.
bool MatchesReferenceInside(const std::string& core) {
  const std::string pad = "abcdefgh";
  return MatchesReference(core) && MatchesReference(core + pad + pad) && MatchesReference(pad.substr(3) + core) &&
         MatchesReference(std::string("é").append(core).append("é").append(pad)) &&
         MatchesReference(core + core + core + core);
}

TEST_CASE("every sequence of one and two bytes is judged and decoded as the reference does") {
  for (int a = 0; a < 256; ++a) {
    REQUIRE(MatchesReferenceInside({static_cast<char>(a)}));
    for (int b = 0; b < 256; ++b) REQUIRE(MatchesReferenceInside({static_cast<char>(a), static_cast<char>(b)}));
  }
}

TEST_CASE("every sequence of three bytes with a lead of three or more is judged and decoded as the reference does") {
  for (int a = 0xE0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      for (int c = 0; c < 256; c += (b & 0xC0) == 0x80 ? 1 : 37) {
        const std::string bytes{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        REQUIRE(MatchesReference(bytes));
        REQUIRE(MatchesReference(std::string(bytes).append("abcdefgh")));
        REQUIRE(MatchesReference(bytes + bytes + bytes));
      }
    }
  }
}

TEST_CASE("sequences of four bytes, sampled at every border, are judged and decoded as the reference does") {
  constexpr int kBorders[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xF0, 0xFF};
  for (int a = 0xF0; a < 256; ++a) {
    for (int b = 0x70; b < 0xD0; ++b) {
      for (const int c : kBorders) {
        for (const int d : kBorders) {
          const std::string bytes{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                                  static_cast<char>(d)};
          REQUIRE(MatchesReference(bytes));
          REQUIRE(MatchesReference(std::string("ab").append(bytes).append("cdefgh")));
        }
      }
    }
  }
}

TEST_CASE("every code point survives the way to UTF-16") {
  for (std::uint32_t point = 0; point <= 0x10FFFF; point += point < 0x3000 ? 1 : 13) {
    if (!IsScalar(point)) continue;
    std::string bytes;
    test::AppendUtf8(bytes, point);
    std::u16string units;
    if (point >= 0x10000) units += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
    units += static_cast<char16_t>(point < 0x10000 ? point : 0xDC00 + ((point - 0x10000) & 0x3FF));
    REQUIRE(Transcode(bytes) == units);
    REQUIRE(Transcode(bytes + bytes + bytes + "abcdefg") == units + units + units + u"abcdefg");
  }
}

const std::string kMixed = "Ein Zoë-naïver Text, Съешь ещё мягких, 漢字かな交じり文 and 🚀🚀 emoji; ẞ€𝄞 the end.";

TEST_CASE("a valid text is valid however it is cut in three") {
  for (std::size_t first = 0; first <= kMixed.size(); ++first) {
    for (std::size_t second = first; second <= kMixed.size(); ++second) {
      Utf8Validator validator;
      REQUIRE(validator.Validate(AsSpan(kMixed.substr(0, first))));
      REQUIRE(validator.Validate(AsSpan(kMixed.substr(first, second - first))));
      REQUIRE(validator.Validate(AsSpan(kMixed.substr(second))));
      REQUIRE(validator.Complete());
      REQUIRE_FALSE(validator.ascii());
    }
  }
}

TEST_CASE("a text is valid up to its first bad byte, however it is cut before that") {
  for (std::size_t at = 0; at < kMixed.size(); ++at) {
    std::string bytes = kMixed;
    bytes[at] = '\xFF';
    for (std::size_t split = 0; split <= at; ++split) {
      Utf8Validator validator;
      REQUIRE(validator.Validate(AsSpan(bytes.substr(0, split))));
      REQUIRE(validator.Validate(AsSpan(bytes.substr(split, at - split))));
      REQUIRE_FALSE(validator.Validate(AsSpan(bytes.substr(at))));
    }
  }
}

TEST_CASE("a mixed text is transcoded as the reference does, from every point on") {
  for (std::size_t at = 0; at < kMixed.size(); ++at) REQUIRE(MatchesReference(kMixed.substr(at)));
  for (std::size_t at = 0; at < kMixed.size(); ++at) REQUIRE(MatchesReference(kMixed.substr(0, at)));
}

TEST_CASE("an invalid text stays invalid until the validator is reset") {
  Utf8Validator validator;
  CHECK_FALSE(validator.Validate(AsSpan("\xFF")));
  CHECK_FALSE(validator.Validate(AsSpan("abc")));
  CHECK_FALSE(validator.Validate({}));
  CHECK_FALSE(validator.Complete());
  validator.Reset();
  CHECK(validator.Validate(AsSpan("abc")));
  CHECK(validator.Complete());
}

TEST_CASE("a text that ends inside a code point is valid so far but not complete") {
  Utf8Validator validator;
  CHECK(validator.Validate(AsSpan(Hex("e2 98"))));
  CHECK_FALSE(validator.Complete());
  CHECK(validator.Validate(AsSpan(Hex("82"))));
  CHECK(validator.Complete());
}

TEST_CASE("overlong forms and surrogates are found at their second byte") {
  for (const std::string_view start : {"e0 9f", "ed a0", "f0 8f", "f4 90"}) {
    Utf8Validator validator;
    const std::string bytes = Hex(start);
    CHECK(validator.Validate(AsSpan(bytes.substr(0, 1))));
    CHECK_FALSE(validator.Validate(AsSpan(bytes.substr(1))));
  }
}

TEST_CASE("a validator remembers whether all of a text was ASCII") {
  Utf8Validator validator;
  validator.Validate(AsSpan("abc"));
  CHECK(validator.ascii());
  validator.Validate(AsSpan(Hex("c3")));
  CHECK_FALSE(validator.ascii());
  validator.Validate(AsSpan(Hex("a9")));
  validator.Validate(AsSpan("abc"));
  CHECK_FALSE(validator.ascii());
}

TEST_CASE("a single byte that is not ASCII is found at any place and size") {
  for (std::size_t size = 0; size <= 200; ++size) {
    std::string bytes(size, 'x');
    REQUIRE(IsAscii(AsSpan(bytes)));
    for (std::size_t at = 0; at < size; ++at) {
      bytes[at] = '\x80';
      REQUIRE_FALSE(IsAscii(AsSpan(bytes)));
      bytes[at] = 'x';
    }
  }
}

TEST_CASE("an empty text is ASCII, valid and complete") {
  CHECK(IsAscii({}));
  CHECK(Utf8ToUtf16({}, nullptr) == 0);
  Utf8Validator validator;
  CHECK(validator.Validate({}));
  CHECK(validator.Complete());
}

}  // namespace
}  // namespace hawser::core
