// Opcodes of RFC 6455 §5.2 and what follows from their number.
#pragma once

#include <cstdint>

namespace hawser::core {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

constexpr bool IsKnownOpcode(std::uint8_t value) { return value <= 0x2 || (value >= 0x8 && value <= 0xA); }
constexpr bool IsControl(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 0x8; }

}  // namespace hawser::core
