// Addresses between text and the socket's form.
#include "reader/socket_address.h"

#include <doctest/doctest.h>

#include <string>

namespace hawser::reader {
namespace {

void ExpectRoundTrip(const char* text, AddressFamily family) {
  sockaddr_storage storage{};
  CHECK(FromText(text, 8080, storage) == 0);
  const SocketAddress address = ToSocketAddress(storage);
  CHECK(address.address == text);
  CHECK(address.port == 8080);
  CHECK(address.family == family);
}

TEST_CASE("an IPv4 address goes there and back") { ExpectRoundTrip("192.0.2.1", AddressFamily::kIpv4); }

TEST_CASE("an IPv6 address goes there and back") { ExpectRoundTrip("2001:db8::1", AddressFamily::kIpv6); }

TEST_CASE("an IPv4 address mapped into IPv6 is an IPv6 address") {
  ExpectRoundTrip("::ffff:192.0.2.1", AddressFamily::kIpv6);
}

TEST_CASE("a link-local address goes there and back with its zone") {
  ExpectRoundTrip("fe80::1%lo", AddressFamily::kIpv6);
}

TEST_CASE("a zone may be the number of its interface") {
  sockaddr_storage storage{};
  CHECK(FromText("fe80::1%7", 8080, storage) == 0);
  CHECK(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_scope_id == 7);
}

TEST_CASE("a zone that does not exist is an error, whatever libuv makes of it") {
  sockaddr_storage storage{};
  CHECK(FromText("fe80::1%no-such-zone", 8080, storage) == UV_EINVAL);
}

TEST_CASE("the zone of an address that is the same everywhere is not shown") {
  sockaddr_storage storage{};
  CHECK(FromText("::1%lo", 8080, storage) == 0);
  CHECK(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_scope_id != 0);
  CHECK(ToSocketAddress(storage).address == "::1");
}

TEST_CASE("a path of a socket is no longer than the system takes") {
  CHECK(CheckSocketPath("/s") == 0);
  CHECK(CheckSocketPath("s") == 0);
  CHECK(CheckSocketPath(std::string(107, 'x')) == 0);
  CHECK(CheckSocketPath(std::string(108, 'x')) == UV_ENAMETOOLONG);
}

TEST_CASE("an abstract socket's name begins with a NUL, and no other has one") {
  using std::string_literals::operator""s;
  CHECK(CheckSocketPath("\0name"s) == 0);
  CHECK(CheckSocketPath("\0"s) == UV_EINVAL);
  CHECK(CheckSocketPath("\0a\0b"s) == UV_EINVAL);
  CHECK(CheckSocketPath("/a\0b"s) == UV_EINVAL);
  CHECK(CheckSocketPath("") == UV_EINVAL);
}

TEST_CASE("what is not numeric is an error") {
  sockaddr_storage storage{};
  CHECK(FromText("localhost", 80, storage) == UV_EINVAL);
  CHECK(FromText("256.0.0.1", 80, storage) == UV_EINVAL);
  CHECK(FromText("1:2:3", 80, storage) == UV_EINVAL);
  CHECK(FromText("", 80, storage) == UV_EINVAL);
}

}  // namespace
}  // namespace hawser::reader
