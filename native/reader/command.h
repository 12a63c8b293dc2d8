// What JavaScript asks of a reader, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/payload.h"
#include "core/permessage_deflate.h"
#include "core/protocol.h"

namespace hawser::reader {

class TlsContext;

// The opening handshake: bytes as they are, and one bounded answer.
struct WriteBytes {
  std::vector<std::uint8_t> bytes;
};
struct ReadHead {
  std::size_t limit = 0;
};
struct ReadSome {
  std::size_t limit = 0;
};
// From here on TLS, over whatever the stream is by now: a second time gives TLS in TLS. Secured follows, or the end.
struct Secure {
  std::shared_ptr<TlsContext> context;
  std::string servername;             // SNI; empty: sends none
  std::string identity;               // DNS name or IP address that the certificate is to be for; empty: any
  std::vector<std::uint8_t> alpn;     // length-prefixed names; empty: offers none
  std::string session_key;            // of the context's sessions, to resume one and keep new ones; empty: neither
  std::vector<std::uint8_t> session;  // DER, to resume instead; empty: none
  bool keylog = false;                // whether there are KeyLogged notices
};
// The handshake is over; frames follow, compressed where that was agreed upon.
struct Start {
  std::optional<core::DeflateConfig> deflate;
};

// Small sends of one turn: records as RecordReader reads them.
struct SendRecords {
  std::vector<std::uint8_t> records;
};
struct SendLarge {
  core::Outgoing message;
  core::Payload payload;
};
// Asks for a Drained notice once no more than the low mark of bytes waits to be written.
struct NotifyDrained {};
// The delivery queue has fallen to its low-water mark.
struct Resume {};
struct CloseConnection {
  std::uint16_t code = 0;
  std::string reason;
};
// Fails the connection (RFC 6455 §7.1.7): something was sent in part and can't be completed.
struct FailConnection {
  std::uint16_t code = 0;
  std::string reason;
};
struct Terminate {};

using Command = std::variant<WriteBytes, ReadHead, ReadSome, Secure, Start, SendRecords, SendLarge, NotifyDrained,
                             Resume, CloseConnection, FailConnection, Terminate>;

}  // namespace hawser::reader
