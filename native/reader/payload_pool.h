// Allocations that big sends are copied into, kept for the next ones: fresh pages cost the sender several times what
// the copy does. Filled on the JS thread, given back on whatever thread has done with a payload. Keeps a few MiB at
// most.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/payload.h"
#include "reader/mutex.h"

namespace hawser::reader {

class PayloadPool : public std::enable_shared_from_this<PayloadPool> {
 public:
  PayloadPool();

  // A payload of `size` bytes to be filled. It keeps the pool alive and returns to it. Throws std::bad_alloc.
  core::Payload Take(std::size_t size);

 private:
  struct Block {
    core::Payload bytes;
    std::shared_ptr<PayloadPool> pool;  // while the block is out
  };

  static void Return(void* argument) noexcept;

  Mutex mutex_;  // a leaf
  std::vector<std::unique_ptr<Block>> idle_ HAWSER_GUARDED_BY(mutex_);
  std::size_t idle_bytes_ HAWSER_GUARDED_BY(mutex_) = 0;
};

}  // namespace hawser::reader
