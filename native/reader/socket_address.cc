#include "reader/socket_address.h"

#include <array>
#include <charconv>
#include <cstdint>

#if !defined(_WIN32)
#include <sys/un.h>
#endif

namespace hawser::reader {

namespace {

constexpr std::size_t kLongestAddress = 64;

// fe80::/10, which says where it is only with its zone (RFC 4007 §6).
bool IsLinkLocal(const sockaddr_in6& address) {
  return address.sin6_addr.s6_addr[0] == 0xFE && (address.sin6_addr.s6_addr[1] & 0xC0) == 0x80;
}

void AppendZone(const sockaddr_in6& address, std::string& text) {
  if (!IsLinkLocal(address) || address.sin6_scope_id == 0) return;
  std::array<char, UV_IF_NAMESIZE> name{};
  std::size_t size = name.size();
  if (uv_if_indextoiid(address.sin6_scope_id, name.data(), &size) == 0) text.append("%").append(name.data(), size);
}

// 0 where the zone is not a number, or there is none.
std::uint32_t ZoneNumber(const std::string& address) {
  const std::size_t percent = address.find('%');
  std::uint32_t number = 0;
  if (percent != std::string::npos) {
    (void)std::from_chars(address.data() + percent + 1, address.data() + address.size(), number);
  }
  return number;
}

using GetTcpName = int (*)(const uv_tcp_t*, sockaddr*, int*);
using GetPipeName = int (*)(const uv_pipe_t*, char*, std::size_t*);

SocketAddress AddressOf(const uv_stream_t& stream, GetTcpName get_tcp_name, GetPipeName get_pipe_name) {
  if (stream.type == UV_NAMED_PIPE) {
    std::array<char, 1024> path{};
    std::size_t size = path.size();
    if (get_pipe_name(reinterpret_cast<const uv_pipe_t*>(&stream), path.data(), &size) != 0) size = 0;
    // Some versions of libuv fill the names of abstract sockets up with NULs.
    while (size > 0 && path[size - 1] == '\0') --size;
    return {.address = std::string(path.data(), size), .port = 0, .family = AddressFamily::kUnix};
  }
  sockaddr_storage storage{};
  int size = sizeof storage;
  const auto* tcp = reinterpret_cast<const uv_tcp_t*>(&stream);
  if (get_tcp_name(tcp, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return ToSocketAddress(storage);
}

}  // namespace

SocketAddress ToSocketAddress(const sockaddr_storage& storage) {
  std::array<char, kLongestAddress> text{};
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  if (storage.ss_family == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
    uv_ip6_name(ipv6, text.data(), text.size());
    SocketAddress result{.address = text.data(), .port = ntohs(ipv6->sin6_port), .family = AddressFamily::kIpv6};
    AppendZone(*ipv6, result.address);
    return result;
  }
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address);
  uv_ip4_name(ipv4, text.data(), text.size());
  return {.address = text.data(), .port = ntohs(ipv4->sin_port), .family = AddressFamily::kIpv4};
}

int FromText(const std::string& address, int port, sockaddr_storage& storage) {
  storage = {};
  if (address.find(':') != std::string::npos) {
    auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (const int error = uv_ip6_addr(address.c_str(), port, ipv6)) return error;
    // libuv looks for an interface of that name, which may be given as its number as well (RFC 4007 §11.2).
    if (ipv6->sin6_scope_id == 0) ipv6->sin6_scope_id = ZoneNumber(address);
    // Newer versions of libuv would choose an interface of their own.
    return ipv6->sin6_scope_id == 0 && address.find('%') != std::string::npos ? UV_EINVAL : 0;
  }
  return uv_ip4_addr(address.c_str(), port, reinterpret_cast<sockaddr_in*>(&storage));
}

int CheckSocketPath(const std::string& path) {
  if (path.empty() || path == std::string(1, '\0')) return UV_EINVAL;
#if defined(_WIN32)
  return path.find('\0') == std::string::npos ? 0 : UV_EINVAL;
#else
#if defined(__linux__)
  const bool abstract = path.front() == '\0';
#else
  constexpr bool abstract = false;
#endif
  if (path.find('\0', abstract ? 1 : 0) != std::string::npos) return UV_EINVAL;
  // libuv cuts what is longer, and would connect to something else.
  return path.size() < sizeof(sockaddr_un::sun_path) ? 0 : UV_ENAMETOOLONG;
#endif
}

SocketAddress LocalAddressOf(const uv_stream_t& stream) {
  return AddressOf(stream, uv_tcp_getsockname, uv_pipe_getsockname);
}

SocketAddress RemoteAddressOf(const uv_stream_t& stream) {
  return AddressOf(stream, uv_tcp_getpeername, uv_pipe_getpeername);
}

}  // namespace hawser::reader
