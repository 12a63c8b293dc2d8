// Allocations for big sends: which are used again, how many are kept, and that they outlive their pool.
#include "reader/payload_pool.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace hawser::reader {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

// Where a payload of `size` bytes stands that is given back at once.
const std::uint8_t* TakeAndReturn(PayloadPool& pool, std::size_t size) { return pool.Take(size).bytes(); }

TEST_CASE("a payload has the size asked for") {
  const auto pool = std::make_shared<PayloadPool>();
  core::Payload payload = pool->Take(100'000);
  CHECK(payload.size() == 100'000);
  std::memset(payload.bytes(), 'x', payload.size());
}

TEST_CASE("an empty payload may be asked for") {
  const auto pool = std::make_shared<PayloadPool>();
  const core::Payload payload = pool->Take(0);
  CHECK(payload.size() == 0);
  CHECK(payload.bytes() != nullptr);
}

TEST_CASE("what is given back is used again") {
  const auto pool = std::make_shared<PayloadPool>();
  const std::uint8_t* bytes = TakeAndReturn(*pool, 100'000);
  CHECK(TakeAndReturn(*pool, 90'000) == bytes);
}

TEST_CASE("what is out is nobody else's") {
  const auto pool = std::make_shared<PayloadPool>();
  core::Payload first = pool->Take(100'000);
  core::Payload second = pool->Take(100'000);
  CHECK(first.bytes() != second.bytes());
}

TEST_CASE("a small payload does not take a big one's place") {
  const auto pool = std::make_shared<PayloadPool>();
  const std::uint8_t* big = TakeAndReturn(*pool, kMiB);
  core::Payload small = pool->Take(1000);
  CHECK(small.bytes() != big);
  CHECK(TakeAndReturn(*pool, kMiB) == big);
}

TEST_CASE("no more than 4 MiB are kept") {
  const auto pool = std::make_shared<PayloadPool>();
  const std::uint8_t* first = nullptr;
  {
    std::vector<core::Payload> out;
    out.reserve(5);
    for (int i = 0; i < 5; ++i) out.push_back(pool->Take(kMiB));
    first = out[0].bytes();
  }
  std::vector<core::Payload> again;
  again.reserve(4);
  for (int i = 0; i < 4; ++i) again.push_back(pool->Take(kMiB));
  CHECK(again[0].bytes() == first);
  { const core::Payload too_big = pool->Take(5 * kMiB); }
}

TEST_CASE("a payload outlives its pool") {
  auto pool = std::make_shared<PayloadPool>();
  core::Payload payload = pool->Take(100'000);
  pool.reset();
  std::memset(payload.bytes(), 'x', payload.size());
}

TEST_CASE("payloads may be given back by other threads") {
  const auto pool = std::make_shared<PayloadPool>();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    std::vector<core::Payload> batch;
    for (int j = 0; j < 20; ++j) {
      batch.push_back(pool->Take(100'000));
      std::memset(batch.back().bytes(), j, batch.back().size());
    }
    threads.emplace_back([own = std::move(batch)]() mutable { own.clear(); });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace hawser::reader
