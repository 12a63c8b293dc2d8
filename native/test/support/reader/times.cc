#include "test/support/reader/times.h"

#include <cstdlib>

namespace hawser::test {
namespace {

double ReadScale() {
  const char* given = std::getenv("HAWSER_TIME_SCALE");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  return given == nullptr ? 1.0 : std::strtod(given, nullptr);
}

}  // namespace

Milliseconds Units(int count) {
  static const double scale = ReadScale();
  return Milliseconds(static_cast<std::int64_t>(10 * count * scale));
}

}  // namespace hawser::test
