#include "core/close_code.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace hawser::core {
namespace {

TEST_CASE("codes below 1000 may not be on the wire") {
  for (const int code : {0, 1, 999}) CHECK_FALSE(MayBeOnTheWire(static_cast<std::uint16_t>(code)));
}

TEST_CASE("the codes that RFC 6455 and the registry assign may be on the wire") {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}) {
    CHECK(MayBeOnTheWire(static_cast<std::uint16_t>(code)));
  }
}

TEST_CASE("the codes that only endpoints tell each other about may not be on the wire") {
  for (const int code : {1004, 1005, 1006, 1015}) CHECK_FALSE(MayBeOnTheWire(static_cast<std::uint16_t>(code)));
}

TEST_CASE("codes that nobody has assigned may not be on the wire") {
  for (const int code : {1016, 1100, 2000, 2999, 5000, 65535}) {
    CHECK_FALSE(MayBeOnTheWire(static_cast<std::uint16_t>(code)));
  }
}

TEST_CASE("codes of libraries and applications may be on the wire") {
  for (const int code : {3000, 3999, 4000, 4999}) CHECK(MayBeOnTheWire(static_cast<std::uint16_t>(code)));
}

}  // namespace
}  // namespace hawser::core
