// Where things are in the first two bytes of a frame (RFC 6455 §5.2, RFC 7692 §6), for those who read and write them.
#pragma once

#include <cstdint>

namespace hawser::core {

inline constexpr std::uint8_t kFinBit = 0x80;
inline constexpr std::uint8_t kReservedBits = 0x70;
inline constexpr std::uint8_t kCompressedBit = 0x40;
inline constexpr std::uint8_t kOpcodeBits = 0x0F;
inline constexpr std::uint8_t kMaskBit = 0x80;
inline constexpr std::uint8_t kLengthBits = 0x7F;

// Values of the 7-bit length that say that a longer one follows.
inline constexpr std::uint8_t kLength16 = 126;
inline constexpr std::uint8_t kLength64 = 127;

}  // namespace hawser::core
