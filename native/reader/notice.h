// What a reader tells besides messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/frame_header.h"
#include "core/frame_observer.h"

namespace hawser::reader {

enum class AddressFamily : std::uint8_t { kIpv4, kIpv6, kUnix };

// Of an end of a connection. A Unix domain socket has its path for an address, empty where it has none, and port 0.
struct SocketAddress {
  std::string address;
  int port = 0;
  AddressFamily family = AddressFamily::kIpv4;
};

// A connection is established; `index` says which address won.
struct Dialed {
  std::size_t index = 0;
  SocketAddress local;
  SocketAddress remote;
};
// The answer to ReadHead: all up to and including the empty line, or the first line where that is not HTTP. Unfinished:
// what came before the limit or the stream's end.
struct HeadRead {
  std::vector<std::uint8_t> bytes;
  bool unfinished = false;
};
// The answer to ReadSome; empty at the end of the stream.
struct BytesRead {
  std::vector<std::uint8_t> bytes;
};
// TLS is established. The verdict about the certificate is told, not acted upon: nothing but the handshake is written
// before the next command.
struct Secured {
  std::string protocol;              // 'TLSv1.3'
  std::string cipher_name;           // as OpenSSL calls it
  std::string cipher_standard_name;  // as IANA does
  std::string cipher_version;
  std::string alpn;  // empty: none was agreed upon
  bool reused = false;
  std::string verify_code;                       // 'DEPTH_ZERO_SELF_SIGNED_CERT', in Node's spelling; empty: verified
  std::string verify_message;                    // OpenSSL's
  bool identity_matches = false;                 // strictly: false may only mean that somebody else has to judge
  std::vector<std::vector<std::uint8_t>> chain;  // DER, leaf first: as verified, else as the peer sent it
};
// A line for a key log file, without its end.
struct KeyLogged {
  std::vector<std::uint8_t> line;
};
struct PongReceived {
  std::uint32_t id = 0;
  double latency = 0;  // milliseconds
};
// Nothing can be sent any more: a Close was received or the connection has failed.
struct Closing {};
struct Drained {};
// A frame went by; for those who look on.
struct FrameSeen {
  core::Direction direction = core::Direction::kReceived;
  core::FrameHeader header;
  std::vector<std::uint8_t> payload;  // as much of it as is shown
  bool cut = false;                   // there is more of it
  bool keepalive = false;             // a ping of the reader's own
};
// Frames for which there was no room.
struct FramesLeftOut {
  std::uint64_t count = 0;
};

using Notice = std::variant<Dialed, HeadRead, BytesRead, Secured, KeyLogged, PongReceived, Closing, Drained, FrameSeen,
                            FramesLeftOut>;

}  // namespace hawser::reader
