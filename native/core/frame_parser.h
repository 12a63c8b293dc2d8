// Reads frame headers from a byte stream cut anywhere (RFC 6455 §5.2) and judges each byte as it comes:
// reserved bits, opcode, mask bit, control-frame rules, minimal length. Knows nothing of messages.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/frame_header.h"

namespace hawser::core {

class FrameParser {
 public:
  enum class Result { kNeedMore, kHeader, kError };

  // RSV1 then marks compressed messages (RFC 7692 §6) instead of being an error.
  void AllowCompression() { compression_ = true; }

  // Consumes `input` up to the end of one header at most. On kHeader `header` is complete and the next call
  // starts a new one (the caller consumes the payload); on kError `error()` says why, for good.
  Result Parse(std::span<const std::uint8_t>& input, FrameHeader& header);

  ErrorKind error() const { return error_; }

 private:
  ErrorKind JudgeFirst(std::uint8_t first) const;
  ErrorKind JudgeNewest() const;
  bool Complete() const;
  FrameHeader Header() const;

  std::array<std::uint8_t, 10> bytes_{};  // the longest header of an unmasked frame
  std::uint8_t have_ = 0;
  bool compression_ = false;
  ErrorKind error_ = ErrorKind::kNone;
};

}  // namespace hawser::core
