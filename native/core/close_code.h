// Close codes of RFC 6455 §7.4 and the registry it opened.
#pragma once

#include <cstdint>

namespace hawser::core {

inline constexpr std::uint16_t kNormalClosure = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolErrorCode = 1002;
inline constexpr std::uint16_t kNoStatusReceived = 1005;
inline constexpr std::uint16_t kAbnormalClosure = 1006;
inline constexpr std::uint16_t kInvalidPayload = 1007;
inline constexpr std::uint16_t kMessageTooBigCode = 1009;
inline constexpr std::uint16_t kInternalErrorCode = 1011;

// Whether a Close frame may carry the code on the wire (§7.4.1, §7.4.2).
constexpr bool MayBeOnTheWire(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != kNoStatusReceived && code != kAbnormalClosure) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace hawser::core
