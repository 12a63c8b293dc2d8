// Bells for tests: one that a test can wait for, one that counts and one that nobody hears.
#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "reader/delivery_queue.h"
#include "test/support/reader/times.h"

namespace hawser::test {

// What the bell of a reader has rung: shared by the reader's thread and the test's.
class Rings {
 public:
  // `on_ring` runs on the reader's thread, before the test is woken, and must not throw.
  explicit Rings(std::function<void(std::uint32_t ready)> on_ring) : on_ring_(std::move(on_ring)) {}

  void Add(std::uint32_t ready) {
    on_ring_(ready);
    const std::lock_guard lock(mutex_);
    ++count_;
    flags_ |= ready;
    changed_.notify_all();
  }

  std::uint64_t count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // All kinds of news ever rung.
  std::uint32_t flags() {
    const std::lock_guard lock(mutex_);
    return flags_;
  }

  // Waits until it has rung more than `count` times; false if it has not in time.
  bool WaitBeyond(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, Clock::now() + Patience(), [&] { return count_ > count; });
  }

 private:
  const std::function<void(std::uint32_t)> on_ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
  std::uint32_t flags_ = 0;
};

class TestBell final : public reader::Bell {
 public:
  explicit TestBell(Rings& rings) : rings_(rings) {}
  void Ring(std::uint32_t ready) noexcept override { rings_.Add(ready); }

 private:
  Rings& rings_;
};

// Counts its rings, each of which must be for nothing but `ready`.
class CountingBell final : public reader::Bell {
 public:
  explicit CountingBell(std::uint32_t ready) : ready_(ready) {}
  void Ring(std::uint32_t ready) noexcept override {
    CHECK(ready == ready_);
    ++count;
  }
  int count = 0;

 private:
  const std::uint32_t ready_;
};

class SilentBell final : public reader::Bell {
 public:
  void Ring(std::uint32_t) noexcept override {}
};

}  // namespace hawser::test
