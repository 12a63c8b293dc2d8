// What a Close frame carries (RFC 6455 §5.5.1): nothing, or a code and a UTF-8 reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/close_outcome.h"
#include "core/control_payload.h"
#include "core/error.h"
#include "core/limits.h"

namespace hawser::core {

inline constexpr std::size_t kMaxCloseReason = kMaxControlPayload - 2;

// Judges a received payload; `close` is filled if there is no error.
ErrorKind ReadClosePayload(std::span<const std::uint8_t> payload, CloseFrame& close);

// The longest start of `reason` that fits in a Close frame and does not cut a code point.
std::string_view FitCloseReason(std::string_view reason);

// The payload to send; empty for code 1005.
ControlPayload WriteClosePayload(const CloseFrame& close);

}  // namespace hawser::core
