#include "core/close_payload.h"

#include <array>

#include "core/close_code.h"
#include "core/utf8.h"

namespace hawser::core {

ErrorKind ReadClosePayload(std::span<const std::uint8_t> payload, CloseFrame& close) {
  if (payload.empty()) {
    close = {};
    return ErrorKind::kNone;
  }
  if (payload.size() == 1) return ErrorKind::kClosePayloadTooShort;
  const auto code = static_cast<std::uint16_t>(payload[0] << 8 | payload[1]);
  if (!MayBeOnTheWire(code)) return ErrorKind::kInvalidCloseCode;
  const auto reason = payload.subspan(2);
  Utf8Validator utf8;
  if (!utf8.Validate(reason) || !utf8.Complete()) return ErrorKind::kInvalidCloseReason;
  close.reason.assign(reason.begin(), reason.end());
  close.code = code;
  return ErrorKind::kNone;
}

std::string_view FitCloseReason(std::string_view reason) {
  if (reason.size() <= kMaxCloseReason) return reason;
  std::size_t end = kMaxCloseReason;
  while (end > 0 && (static_cast<std::uint8_t>(reason[end]) & 0xC0) == 0x80) --end;
  return reason.substr(0, end);
}

ControlPayload WriteClosePayload(const CloseFrame& close) {
  if (close.code == kNoStatusReceived) return {};
  const std::array<std::uint8_t, 2> code{static_cast<std::uint8_t>(close.code >> 8),
                                         static_cast<std::uint8_t>(close.code)};
  ControlPayload payload(code);
  // Seeing char as bytes is always allowed.
  payload.Append({reinterpret_cast<const std::uint8_t*>(close.reason.data()), close.reason.size()});
  return payload;
}

}  // namespace hawser::core
