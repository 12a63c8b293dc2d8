// Lets one thread of a test wait until another has come to some point.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "test/support/reader/times.h"

namespace hawser::test {

class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  // Throws std::runtime_error if nobody opens it in time.
  void Wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, Clock::now() + Patience(), [this] { return open_; })) {
      throw std::runtime_error("a gate was not opened in time");
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace hawser::test
