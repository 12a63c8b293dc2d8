// Named points at which a test can delay a reader, to hold open the windows between two threads. They exist in
// the test build only; in the shipped one every function here is empty and `Delays` holds nothing.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#if defined(HAWSER_TEST_HOOKS)
#include <uv.h>

#include <atomic>
#endif

namespace hawser::reader {

enum class TestPoint : std::size_t {
  kBeforeEndOfStream,  // the socket's end is about to be handled
  kAfterCloseCommand,  // the command to close has arrived, nothing is done about it yet
  kBeforeAnnounce,     // the last messages are in the delivery queue, its end is not marked
  kBeforeReturn,       // the end is announced, the thread has not returned
  kCount,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(TestPoint::kCount)> kTestPointNames = {
    "before-end-of-stream", "after-close-command", "before-announce", "before-return"};

#if defined(HAWSER_TEST_HOOKS)

struct Delays {
  std::array<unsigned, static_cast<std::size_t>(TestPoint::kCount)> milliseconds{};

  void Wait(TestPoint point) const {
    if (auto delay = milliseconds[static_cast<std::size_t>(point)]; delay != 0) uv_sleep(delay);
  }
};

// How many reader threads of this process have begun and not returned.
inline std::atomic<int> live_readers{0};

struct CountLiveReader {
  CountLiveReader() { ++live_readers; }
  ~CountLiveReader() { --live_readers; }
  CountLiveReader(const CountLiveReader&) = delete;
  CountLiveReader& operator=(const CountLiveReader&) = delete;
};

#else

struct Delays {
  void Wait(TestPoint) const {}
};

struct CountLiveReader {
  CountLiveReader() {}
};

#endif

}  // namespace hawser::reader
