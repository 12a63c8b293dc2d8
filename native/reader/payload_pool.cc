#include "reader/payload_pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hawser::reader {

namespace {

constexpr std::size_t kMaxIdleBytes = std::size_t{4} << 20;
constexpr std::size_t kGranularity = std::size_t{64} << 10;

}  // namespace

// Room for as many as are ever idle, none being smaller than the granularity: giving back can't fail.
PayloadPool::PayloadPool() { idle_.reserve(kMaxIdleBytes / kGranularity); }

core::Payload PayloadPool::Take(std::size_t size) {
  std::unique_ptr<Block> block;
  {
    Lock lock(mutex_);
    // Big enough, and not so big that a small payload would keep it from a big one.
    const auto found = std::ranges::find_if(idle_, [size](const std::unique_ptr<Block>& idle) {
      return idle->bytes.capacity() >= size && idle->bytes.capacity() / 4 <= size;
    });
    if (found != idle_.end()) {
      block = std::move(*found);
      idle_.erase(found);
      idle_bytes_ -= block->bytes.capacity();
    }
  }
  if (!block) {
    block = std::make_unique<Block>();
    block->bytes.Grow((std::max<std::size_t>(size, 1) + kGranularity - 1) / kGranularity * kGranularity);
  }
  block->pool = shared_from_this();
  std::uint8_t* bytes = block->bytes.bytes();
  return {bytes, size, core::FreeBytes{.release = &PayloadPool::Return, .owner = block.release()}};
}

void PayloadPool::Return(void* argument) noexcept {
  std::unique_ptr<Block> block(static_cast<Block*>(argument));
  const auto pool = std::move(block->pool);
  const std::size_t size = block->bytes.capacity();
  Lock lock(pool->mutex_);
  if (pool->idle_bytes_ + size > kMaxIdleBytes) return;
  pool->idle_bytes_ += size;
  assert(pool->idle_.size() < pool->idle_.capacity());
  pool->idle_.push_back(std::move(block));
}

}  // namespace hawser::reader
