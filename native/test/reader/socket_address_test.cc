// Addresses between text and the socket's form.
#include "reader/socket_address.h"

#include <doctest/doctest.h>

namespace hawser::reader {
namespace {

void ExpectRoundTrip(const char* text, bool ipv6) {
  sockaddr_storage storage{};
  CHECK(FromText(text, 8080, storage) == 0);
  const SocketAddress address = ToSocketAddress(storage);
  CHECK(address.address == text);
  CHECK(address.port == 8080);
  CHECK(address.ipv6 == ipv6);
}

TEST_CASE("an IPv4 address goes there and back") { ExpectRoundTrip("192.0.2.1", false); }

TEST_CASE("an IPv6 address goes there and back") { ExpectRoundTrip("2001:db8::1", true); }

TEST_CASE("an IPv4 address mapped into IPv6 is an IPv6 address") { ExpectRoundTrip("::ffff:192.0.2.1", true); }

TEST_CASE("what is not numeric is an error") {
  sockaddr_storage storage{};
  CHECK(FromText("localhost", 80, storage) == UV_EINVAL);
  CHECK(FromText("256.0.0.1", 80, storage) == UV_EINVAL);
  CHECK(FromText("1:2:3", 80, storage) == UV_EINVAL);
  CHECK(FromText("", 80, storage) == UV_EINVAL);
}

}  // namespace
}  // namespace hawser::reader
