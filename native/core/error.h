// What can go wrong while reading frames: each kind with its words and the close code it fails the
// connection with (RFC 6455 §7.1.7). The words go into the Close frame and into the error a user sees.
#pragma once

#include <cstdint>
#include <string_view>

namespace hawser::core {

enum class ErrorKind : std::uint8_t {
  kNone,
  kReservedBits,            // §5.2
  kReservedOpcode,          // §5.2
  kMaskedFrame,             // §5.1: a server never masks
  kNonMinimalLength,        // §5.2
  kLengthOverflow,          // §5.2: the most significant bit must be 0
  kControlFrameTooLong,     // §5.5
  kFragmentedControl,       // §5.5
  kUnexpectedContinuation,  // §5.4
  kExpectedContinuation,    // §5.4
  kInvalidUtf8,             // §8.1
  kInvalidDeflate,          // RFC 7692 §7.2.2
  kInvalidCloseReason,      // §5.5.1: the reason is not UTF-8
  kClosePayloadTooShort,    // §5.5.1: one byte
  kInvalidCloseCode,        // §7.4
  kMessageTooBig,
  kFragmentTooBig,
  kTooManyFragments,
  kOutOfMemory,
  kInternal,
};

// An error with the limit that was broken and what came, where there is a limit (else both 0).
struct ProtocolError {
  ErrorKind kind = ErrorKind::kNone;
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;

  explicit operator bool() const { return kind != ErrorKind::kNone; }
};

std::uint16_t CloseCodeFor(ErrorKind kind);
std::string_view Describe(ErrorKind kind);

}  // namespace hawser::core
