#include "core/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string_view>

#include "core/close_code.h"
#include "core/close_payload.h"

namespace hawser::core {
namespace {

constexpr int kKinds = static_cast<int>(ErrorKind::kInternal) + 1;

TEST_CASE("every error has words of its own that fit in a Close frame") {
  std::set<std::string_view> seen;
  for (int kind = 0; kind < kKinds; ++kind) {
    const std::string_view words = Describe(static_cast<ErrorKind>(kind));
    CHECK_FALSE(words.empty());
    CHECK(words.size() <= kMaxCloseReason);
    CHECK(seen.insert(words).second);
  }
}

TEST_CASE("every error closes with a code that may be on the wire") {
  for (int kind = 0; kind < kKinds; ++kind) CHECK(MayBeOnTheWire(CloseCodeFor(static_cast<ErrorKind>(kind))));
}

TEST_CASE("errors map to the close codes of RFC 6455 §7.4.1") {
  CHECK(CloseCodeFor(ErrorKind::kReservedBits) == 1002);
  CHECK(CloseCodeFor(ErrorKind::kInvalidCloseCode) == 1002);
  CHECK(CloseCodeFor(ErrorKind::kInvalidUtf8) == 1007);
  CHECK(CloseCodeFor(ErrorKind::kInvalidCloseReason) == 1007);
  CHECK(CloseCodeFor(ErrorKind::kMessageTooBig) == 1009);
  CHECK(CloseCodeFor(ErrorKind::kFragmentTooBig) == 1009);
  CHECK(CloseCodeFor(ErrorKind::kTooManyFragments) == 1009);
  CHECK(CloseCodeFor(ErrorKind::kOutOfMemory) == 1011);
}

TEST_CASE("an error of kind none is no error") {
  CHECK_FALSE(ProtocolError{});
  CHECK(ProtocolError{.kind = ErrorKind::kReservedBits});
}

}  // namespace
}  // namespace hawser::core
