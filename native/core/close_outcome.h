// How a connection ended: the one value that joining the reader hands back. Nothing else can name it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/close_code.h"
#include "core/error.h"

namespace hawser::core {

// A Close frame's content; a frame without payload has code 1005 and no reason (§7.1.5).
struct CloseFrame {
  std::uint16_t code = kNoStatusReceived;
  std::string reason;
};

// Why the connection ended when it was not (only) the closing handshake.
enum class CloseCause : std::uint8_t {
  kNone,
  kEndOfStream,       // the peer ended the stream without a Close frame; of TLS, with close_notify
  kTruncated,         // the stream beneath TLS ended without close_notify: somebody may have cut it
  kTransport,         // reading or writing failed: `detail` says which, `transport_error` is libuv's number
  kTls,               // TLS failed or the peer sent an alert: `detail` has OpenSSL's words
  kProtocol,          // the peer broke the protocol or a limit; see `error`
  kKeepaliveTimeout,  // no pong in time
  kCloseTimeout,      // the peer did not finish the closing handshake in time
  kOpenTimeout,       // the opening handshake did not finish in time
  kDial,              // no address could be connected; `transport_error` is the last attempt's
  kTerminated,        // terminate(), a dropped connection or the end of the environment
  kBacklog,           // more came after our Close than the closing backlog holds
  kInternal,          // an exception inside the reader; `detail` says which
};

struct CloseOutcome {
  std::optional<CloseFrame> received;
  std::optional<CloseFrame> sent;
  bool received_first = false;
  CloseCause cause = CloseCause::kNone;
  int transport_error = 0;
  ProtocolError error;
  std::string detail;
};

}  // namespace hawser::core
