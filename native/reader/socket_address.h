// Between numeric addresses as text and sockaddr. Any thread.
#pragma once

#include <uv.h>

#include <array>
#include <string>

#include "reader/notice.h"

namespace hawser::reader {

inline SocketAddress ToSocketAddress(const sockaddr_storage& storage) {
  std::array<char, 64> text{};
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  if (storage.ss_family == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
    uv_ip6_name(ipv6, text.data(), text.size());
    return {.address = text.data(), .port = ntohs(ipv6->sin6_port), .ipv6 = true};
  }
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address);
  uv_ip4_name(ipv4, text.data(), text.size());
  return {.address = text.data(), .port = ntohs(ipv4->sin_port), .ipv6 = false};
}

// A numeric IPv4 or IPv6 address, the latter with a zone or without. Returns libuv's error number or 0.
inline int FromText(const std::string& address, int port, sockaddr_storage& storage) {
  storage = {};
  if (address.find(':') != std::string::npos) {
    return uv_ip6_addr(address.c_str(), port, reinterpret_cast<sockaddr_in6*>(&storage));
  }
  return uv_ip4_addr(address.c_str(), port, reinterpret_cast<sockaddr_in*>(&storage));
}

}  // namespace hawser::reader
