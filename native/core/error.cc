#include "core/error.h"

#include "core/close_code.h"

namespace hawser::core {

std::uint16_t CloseCodeFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNone:
      return kNormalClosure;
    case ErrorKind::kInvalidUtf8:
    case ErrorKind::kInvalidCloseReason:
    case ErrorKind::kInvalidDeflate:
      return kInvalidPayload;
    case ErrorKind::kMessageTooBig:
    case ErrorKind::kFragmentTooBig:
    case ErrorKind::kTooManyFragments:
      // In bytes or in fragments: "too big for it to process" (§7.4.1).
      return kMessageTooBigCode;
    case ErrorKind::kOutOfMemory:
    case ErrorKind::kInternal:
      return kInternalErrorCode;
    default:
      return kProtocolErrorCode;
  }
}

std::string_view Describe(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNone:
      return "no error";
    case ErrorKind::kReservedBits:
      return "reserved bits are set";
    case ErrorKind::kReservedOpcode:
      return "reserved opcode";
    case ErrorKind::kMaskedFrame:
      return "masked frame from a server";
    case ErrorKind::kNonMinimalLength:
      return "payload length is not minimally encoded";
    case ErrorKind::kLengthOverflow:
      return "payload length has its most significant bit set";
    case ErrorKind::kControlFrameTooLong:
      return "control frame over 125 bytes";
    case ErrorKind::kFragmentedControl:
      return "fragmented control frame";
    case ErrorKind::kUnexpectedContinuation:
      return "continuation frame without a message to continue";
    case ErrorKind::kExpectedContinuation:
      return "new message before the last one was finished";
    case ErrorKind::kInvalidUtf8:
      return "text is not valid UTF-8";
    case ErrorKind::kInvalidDeflate:
      return "compressed message is not valid DEFLATE data";
    case ErrorKind::kInvalidCloseReason:
      return "close reason is not valid UTF-8";
    case ErrorKind::kClosePayloadTooShort:
      return "close frame with a payload of 1 byte";
    case ErrorKind::kInvalidCloseCode:
      return "invalid close code";
    case ErrorKind::kMessageTooBig:
      return "message is too big";
    case ErrorKind::kFragmentTooBig:
      return "fragment is too big";
    case ErrorKind::kTooManyFragments:
      return "message has too many fragments";
    case ErrorKind::kOutOfMemory:
      return "out of memory";
    case ErrorKind::kInternal:
      return "internal error";
  }
  return "unknown error";
}

}  // namespace hawser::core
