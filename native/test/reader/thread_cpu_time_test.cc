// How long a thread has used a processor: its own, and that of another that runs.
#include "reader/thread_cpu_time.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "reader/thread.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/times.h"

namespace hawser::reader {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

// Uses the processor until the thread's own time has grown by so much.
void Work(std::uint64_t nanoseconds) {
  const std::uint64_t begin = OwnCpuTime();
  const auto deadline = test::Clock::now() + test::Patience();
  while (OwnCpuTime() - begin < nanoseconds) REQUIRE(test::Clock::now() < deadline);
}

TEST_CASE("a thread's own time grows while it works, and hardly while it sleeps") {
  const std::uint64_t begin = OwnCpuTime();
  Work(5 * kMillisecond);
  const std::uint64_t worked = OwnCpuTime();
  CHECK(worked - begin >= 5 * kMillisecond);
  const auto sleep = test::Units(5);
  std::this_thread::sleep_for(sleep);
  CHECK(OwnCpuTime() - worked < std::chrono::nanoseconds(sleep).count() / 2);
}

TEST_CASE("another thread's time is told while it runs, and is not the caller's") {
  test::Gate worked;
  test::Gate seen;
  ResultThread<std::uint64_t> thread;
  Work(20 * kMillisecond);
  thread.Start([&] {
    const std::uint64_t begin = OwnCpuTime();
    while (OwnCpuTime() - begin < 5 * kMillisecond) continue;
    worked.Open();
    seen.Wait();
    return OwnCpuTime();
  });
  worked.Wait();
  const std::uint64_t time = thread.CpuTime();
  CHECK(time >= 5 * kMillisecond);
  seen.Open();
  CHECK(thread.Join() >= time);
}

TEST_CASE("a thread that sleeps uses no more") {
  test::Gate asleep;
  test::Gate seen;
  ResultThread<int> thread;
  thread.Start([&] {
    asleep.Open();
    seen.Wait();
    return 0;
  });
  asleep.Wait();
  const std::uint64_t before = thread.CpuTime();
  Work(20 * kMillisecond);
  CHECK(thread.CpuTime() - before < 10 * kMillisecond);
  seen.Open();
  (void)thread.Join();
}

}  // namespace
}  // namespace hawser::reader
