// A frame header (RFC 6455 §5.2) after judgement: what is left once every rule about it holds. And the bits of those
// that go over the wire, which the parser and the writer share.
#pragma once

#include <cstdint>

#include "core/opcode.h"

namespace hawser::core {

// Bits of the first byte and of the second. RSV1 says that a message is compressed.
inline constexpr std::uint8_t kFinBit = 0x80;
inline constexpr std::uint8_t kCompressedBit = 0x40;
inline constexpr std::uint8_t kMaskBit = 0x80;

struct FrameHeader {
  Opcode opcode = Opcode::kContinuation;
  bool fin = false;
  std::uint64_t length = 0;
  bool compressed = false;  // RSV1 of a message's first frame (RFC 7692 §6)
};

}  // namespace hawser::core
