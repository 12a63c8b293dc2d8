#include "core/payload.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "test/support/bytes.h"

namespace hawser::core {
namespace {

Payload Make(std::string_view bytes, std::size_t capacity) {
  Payload payload(capacity);
  std::memcpy(payload.bytes(), bytes.data(), bytes.size());
  payload.set_size(bytes.size());
  return payload;
}

TEST_CASE("a payload keeps its content when it grows and when it is trimmed") {
  Payload payload = Make("abc", 3);
  payload.Grow(100'000);
  CHECK(payload.capacity() == 100'000);
  payload.Trim();
  CHECK(payload.capacity() == 3);
  CHECK(test::AsString(payload.span()) == "abc");
}

TEST_CASE("a payload that cannot grow says so and keeps its content") {
  Payload payload = Make("abc", 3);
  // volatile: compilers warn of a size that can never be had.
  volatile std::size_t too_much = std::numeric_limits<std::ptrdiff_t>::max();
  CHECK_THROWS_AS(payload.Grow(too_much), std::bad_alloc);
  CHECK(test::AsString(payload.span()) == "abc");
  CHECK(payload.capacity() == 3);
}

TEST_CASE("a payload that was moved from is empty and can be used again") {
  Payload from = Make("abc", 10);
  Payload to = std::move(from);
  CHECK(test::AsString(to.span()) == "abc");
  CHECK(from.capacity() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(from.size() == 0);
  from.Grow(5);
  CHECK(from.bytes() != nullptr);
}

TEST_CASE("bytes that belong to somebody else are given back to them, once, wherever the payload was moved") {
  std::string bytes = "theirs";
  int given_back = 0;
  {
    const auto give_back = [](void* owner) { ++*static_cast<int*>(owner); };
    Payload payload(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size(), {give_back, &given_back});
    const Payload moved = std::move(payload);
    payload.Grow(10);  // NOLINT(bugprone-use-after-move): is a payload of its own again
    CHECK(test::AsString(moved.span()) == "theirs");
    CHECK(given_back == 0);
  }
  CHECK(given_back == 1);
}

TEST_CASE("a released payload is its taker's to free") {
  Payload payload = Make("abc", 3);
  std::uint8_t* bytes = payload.Release();
  CHECK(payload.size() == 0);
  CHECK(payload.bytes() == nullptr);
  std::free(bytes);
}

}  // namespace
}  // namespace hawser::core
