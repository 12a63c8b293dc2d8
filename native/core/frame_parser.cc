#include "core/frame_parser.h"

#include <algorithm>

#include "core/limits.h"
#include "core/opcode.h"

namespace hawser::core {
namespace {

constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0F;
constexpr std::uint8_t kLengthBits = 0x7F;

// Values of the 7-bit length that say that a longer one follows (§5.2).
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

Opcode OpcodeOf(std::uint8_t first) { return static_cast<Opcode>(first & kOpcodeBits); }

FrameHeader HeaderOf(std::uint8_t first, std::uint64_t length) {
  return {.opcode = OpcodeOf(first),
          .fin = (first & kFinBit) != 0,
          .length = length,
          .compressed = (first & kCompressedBit) != 0};
}

ErrorKind JudgeSecond(std::uint8_t first, std::uint8_t second) {
  if ((second & kMaskBit) != 0) return ErrorKind::kMaskedFrame;
  if (IsControl(OpcodeOf(first)) && second > kMaxControlPayload) return ErrorKind::kControlFrameTooLong;
  return ErrorKind::kNone;
}

}  // namespace

ErrorKind FrameParser::JudgeFirst(std::uint8_t first) const {
  const Opcode opcode = OpcodeOf(first);
  // RFC 7692 §6.1: only the first frame of a message says that it is compressed, and control frames never are.
  const bool may_be_compressed = compression_ && (opcode == Opcode::kText || opcode == Opcode::kBinary);
  if ((first & kReservedBits & ~(may_be_compressed ? kCompressedBit : 0)) != 0) return ErrorKind::kReservedBits;
  if (!IsKnownOpcode(first & kOpcodeBits)) return ErrorKind::kReservedOpcode;
  if (IsControl(opcode) && (first & kFinBit) == 0) return ErrorKind::kFragmentedControl;
  return ErrorKind::kNone;
}

FrameParser::Result FrameParser::Parse(std::span<const std::uint8_t>& input, FrameHeader& header) {
  if (error_ != ErrorKind::kNone) return Result::kError;

  // Nearly every header: two bytes, both here, nothing wrong with them.
  if (have_ == 0 && input.size() >= 2 && input[1] < kLength16 && JudgeFirst(input[0]) == ErrorKind::kNone) {
    header = HeaderOf(input[0], input[1]);
    input = input.subspan(2);
    return Result::kHeader;
  }

  while (!input.empty()) {
    bytes_[have_++] = input.front();
    input = input.subspan(1);
    error_ = JudgeNewest();
    if (error_ != ErrorKind::kNone) return Result::kError;
    if (Complete()) {
      header = Header();
      have_ = 0;
      return Result::kHeader;
    }
  }
  return Result::kNeedMore;
}

ErrorKind FrameParser::JudgeNewest() const {
  switch (have_) {
    case 1:
      return JudgeFirst(bytes_[0]);
    case 2:
      return JudgeSecond(bytes_[0], bytes_[1]);
    case 3:
      if (bytes_[1] == kLength64 && (bytes_[2] & 0x80) != 0) return ErrorKind::kLengthOverflow;
      break;
    case 4:
      if (bytes_[1] == kLength16 && bytes_[2] == 0 && bytes_[3] < kLength16) return ErrorKind::kNonMinimalLength;
      break;
    case 8:
      // Only a 64-bit length is that long, and 16 bits would have held it if the upper 48 are 0.
      if (std::all_of(&bytes_[2], &bytes_[8], [](std::uint8_t byte) { return byte == 0; })) {
        return ErrorKind::kNonMinimalLength;
      }
      break;
    default:
      break;
  }
  return ErrorKind::kNone;
}

bool FrameParser::Complete() const {
  if (have_ < 2) return false;
  switch (bytes_[1]) {
    case kLength16:
      return have_ == 4;
    case kLength64:
      return have_ == 10;
    default:
      return true;
  }
}

FrameHeader FrameParser::Header() const {
  std::uint64_t length = bytes_[1] & kLengthBits;
  if (have_ > 2) {
    length = 0;
    for (std::size_t i = 2; i < have_; ++i) length = length << 8 | bytes_[i];
  }
  return HeaderOf(bytes_[0], length);
}

}  // namespace hawser::core
