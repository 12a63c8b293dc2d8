// Between addresses as text and as the system has them. Any thread, but for those of a handle: its loop's.
#pragma once

#include <uv.h>

#include <string>

#include "reader/notice.h"

namespace hawser::reader {

// IPv4 or IPv6; a link-local address has its zone, as Node shows it.
SocketAddress ToSocketAddress(const sockaddr_storage& storage);

// A numeric IPv4 or IPv6 address, the latter with a zone or without. Returns libuv's error number or 0.
int FromText(const std::string& address, int port, sockaddr_storage& storage);

// Whether a path may be that of a socket: neither empty nor longer than the system takes, and only a name of Linux'
// abstract ones starts with a NUL; no other has any. Returns libuv's error number or 0.
int CheckSocketPath(const std::string& path);

// The ends of a connected TCP or pipe handle; empty where the system doesn't say.
SocketAddress LocalAddressOf(const uv_stream_t& stream);
SocketAddress RemoteAddressOf(const uv_stream_t& stream);

}  // namespace hawser::reader
