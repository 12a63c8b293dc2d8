// Every time in the reader's tests is a multiple of one unit, which HAWSER_TIME_SCALE stretches on slow machines.
#pragma once

#include <chrono>
#include <cstdint>

namespace hawser::test {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// Ten milliseconds each, unscaled.
Milliseconds Units(int count);

// Long enough to see that something does not happen.
inline Milliseconds Medium() { return Units(10); }
// Longer than anything that works takes: what is not there by then has failed.
inline Milliseconds Patience() { return Units(1000); }

// As the reader's configuration wants it.
inline std::uint64_t Count(Milliseconds time) { return static_cast<std::uint64_t>(time.count()); }

inline Milliseconds Since(Clock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
}

}  // namespace hawser::test
