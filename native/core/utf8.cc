// Scalar, eight bytes at a time: fast on any 64-bit CPU without asking for more than its baseline. The wide steps
// read bytes as a little-endian number; a big-endian machine takes the plain steps only.
#include "core/utf8.h"

#include <array>
#include <bit>
#include <cstring>

namespace hawser::core {
namespace {

constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
constexpr std::size_t kStep = 8;  // bytes that a wide step may read and code units that it may write

std::uint64_t Load(const std::uint8_t* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Code units for nobody: makes a validator of the transcoder.
struct NoOutput {
  void Widen(const std::uint8_t* /*from*/) const {}
  void Four(std::uint64_t /*units*/) {}
  void One(char16_t /*unit*/) {}
  void Advance(std::size_t /*units*/) {}
};

struct Utf16Output {
  char16_t* to;

  void Widen(const std::uint8_t* from) const {
    for (std::size_t i = 0; i < kStep; ++i) to[i] = from[i];
  }
  void Four(std::uint64_t units) {
    std::memcpy(to, &units, sizeof(units));
    to += 4;
  }
  void One(char16_t unit) { *to++ = unit; }
  void Advance(std::size_t units) { to += units; }
};

constexpr bool IsContinuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Four two-byte sequences in a row, as most of a Greek, Cyrillic, Hebrew or Arabic word.
template <class Output>
bool StepFourPairs(std::uint64_t word, Output& output) {
  constexpr std::uint64_t kLanes = 0x0001'0001'0001'0001;
  if ((word & (0xC0E0 * kLanes)) != 0x80C0 * kLanes) return false;
  // C0 and C1 would be overlong: in each lane the lead's bits 1 to 4 must not all be 0, and then this carries.
  if ((((word & (0x001E * kLanes)) + 0x00FE * kLanes) & (0x0100 * kLanes)) != 0x0100 * kLanes) return false;
  output.Four((word & (0x001F * kLanes)) << 6 | (word >> 8 & (0x003F * kLanes)));
  return true;
}

// Two three-byte sequences in a row, as in Chinese, Japanese, Korean or Hindi.
template <class Output>
bool StepTwoTriples(std::uint64_t word, Output& output) {
  if ((word & 0xC0C0F0'C0C0F0) != 0x8080E0'8080E0) return false;
  for (const std::uint64_t triple : {word, word >> 24}) {
    // The lead's low bits and the next byte's bit 5 tell overlong forms (0, 0) and surrogates (D, 1).
    const std::uint64_t range = triple & 0x200F;
    if (range == 0 || range == 0x200D) return false;
  }
  for (const std::uint64_t triple : {word, word >> 24}) {
    output.One(static_cast<char16_t>((triple & 0x0F) << 12 | (triple >> 2 & 0xFC0) | (triple >> 16 & 0x3F)));
  }
  return true;
}

// Takes one non-ASCII code point; at least four bytes can be read at `from`. Returns its length, 0 if invalid.
template <class Output>
std::size_t StepOne(const std::uint8_t* from, Output& output) {
  const std::uint32_t lead = from[0];
  if (!IsContinuation(from[1])) return 0;
  if (lead < 0xE0) {
    if (lead < 0xC2) return 0;
    output.One(static_cast<char16_t>((lead & 0x1F) << 6 | (from[1] & 0x3F)));
    return 2;
  }
  if (!IsContinuation(from[2])) return 0;
  if (lead < 0xF0) {
    const std::uint32_t point = (lead & 0x0F) << 12 | (from[1] & 0x3FU) << 6 | (from[2] & 0x3FU);
    if (point < 0x800 || (point & 0xF800) == 0xD800) return 0;
    output.One(static_cast<char16_t>(point));
    return 3;
  }
  if (!IsContinuation(from[3]) || lead > 0xF4) return 0;
  const std::uint32_t point =
      (lead & 0x07) << 18 | (from[1] & 0x3FU) << 12 | (from[2] & 0x3FU) << 6 | (from[3] & 0x3FU);
  if (point < 0x10000 || point > 0x10FFFF) return 0;
  output.One(static_cast<char16_t>(0xD7C0 + (point >> 10)));
  output.One(static_cast<char16_t>(0xDC00 + (point & 0x3FF)));
  return 4;
}

// Takes what it can, at least one code point; kStep bytes can be read at `from` and as many code units be written.
// Returns the bytes taken, 0 if invalid. A text that ends before `from + kStep` is padded with zeros there.
template <class Output>
std::size_t Step(const std::uint8_t* from, Output& output) {
  if constexpr (std::endian::native == std::endian::little) {
    const std::uint64_t word = Load(from);
    const std::uint64_t high = word & kHighBits;
    if ((high & 0x80) == 0) {
      const std::size_t ascii = high == 0 ? kStep : static_cast<std::size_t>(std::countr_zero(high)) / 8;
      output.Widen(from);
      output.Advance(ascii);
      return ascii;
    }
    if (StepFourPairs(word, output)) return kStep;
    if (StepTwoTriples(word, output)) return 6;
  } else if (from[0] < 0x80) {
    output.One(from[0]);
    return 1;
  }
  return StepOne(from, output);
}

// Steps until `limit` bytes or a few more are taken; kStep bytes can be read behind each of them. Returns the bytes
// taken, or nothing if invalid.
template <class Output>
std::optional<std::size_t> StepUntil(const std::uint8_t* from, std::size_t limit, Output& result) {
  Output output = result;  // a copy whose address nobody has stays in registers
  std::size_t at = 0;
  while (at < limit) {
    const std::size_t taken = Step(from + at, output);
    if (taken == 0) return std::nullopt;
    at += taken;
  }
  result = output;
  return at;
}

// The bytes at which a whole step can start without reading beyond the end.
std::size_t StepLimit(std::size_t size) { return size < kStep ? 0 : size - kStep + 1; }

}  // namespace

bool IsAscii(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* from = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 64; from += 64, left -= 64) {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < 64; i += 8) any |= Load(from + i);
    if ((any & kHighBits) != 0) return false;
  }
  std::uint64_t any = 0;
  for (; left >= 8; from += 8, left -= 8) any |= Load(from);
  for (; left > 0; ++from, --left) any |= *from;
  return (any & kHighBits) == 0;
}

std::optional<std::size_t> Utf8ToUtf16(std::span<const std::uint8_t> utf8, char16_t* to) {
  Utf16Output output{to};
  const auto taken = StepUntil(utf8.data(), StepLimit(utf8.size()), output);
  if (!taken) return std::nullopt;
  const auto tail = utf8.subspan(*taken);
  if (tail.empty()) return static_cast<std::size_t>(output.to - to);

  // The last bytes, padded so that steps may read beyond them and write beyond what is theirs in `to`. A sequence
  // that the text's end cuts meets a zero instead of a continuation byte.
  std::array<std::uint8_t, 2 * kStep> bytes{};
  std::array<char16_t, 2 * kStep> units{};
  std::memcpy(bytes.data(), tail.data(), tail.size());
  Utf16Output tail_output{units.data()};
  const auto tail_taken = StepUntil(bytes.data(), tail.size(), tail_output);
  if (!tail_taken) return std::nullopt;
  const std::size_t padding = *tail_taken - tail.size();
  const auto tail_units = static_cast<std::size_t>(tail_output.to - units.data()) - padding;
  std::memcpy(output.to, units.data(), tail_units * sizeof(char16_t));
  return static_cast<std::size_t>(output.to - to) + tail_units;
}

bool Utf8Validator::Validate(std::span<const std::uint8_t> piece) {
  while (valid_ && pending_ > 0 && !piece.empty()) {
    valid_ = Step(piece.front());
    piece = piece.subspan(1);
  }
  if (!valid_) return false;
  if (ascii_ && IsAscii(piece)) return true;

  ascii_ = false;
  NoOutput output;
  const auto taken = StepUntil(piece.data(), StepLimit(piece.size()), output);
  valid_ = taken.has_value();
  if (!valid_) return false;
  for (const std::uint8_t byte : piece.subspan(*taken)) {
    valid_ = Step(byte);
    if (!valid_) return false;
  }
  return true;
}

std::size_t Utf8Validator::Unfinished(std::span<const std::uint8_t> text) const {
  if (Complete()) return 0;
  std::size_t size = 1;
  while (size < text.size() && IsContinuation(text[text.size() - size])) ++size;
  return size;
}

bool Utf8Validator::Step(std::uint8_t byte) {
  if (pending_ == 0) return byte < 0x80 || Lead(byte);
  if (byte < low_ || byte > high_) return false;
  --pending_;
  low_ = 0x80;
  high_ = 0xBF;
  return true;
}

// The table of RFC 3629 §4: how many bytes follow a lead and what the first of them may be.
bool Utf8Validator::Lead(std::uint8_t byte) {
  if (byte < 0xC2 || byte > 0xF4) return false;
  pending_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  return true;
}

}  // namespace hawser::core
