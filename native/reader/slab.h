// Memory that a busy connection is read into, shared by the batches whose messages lie in it: filled from front to back
// by the reader, looked at by the JS thread, filled anew once nobody refers to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace hawser::reader {

// Not initialised: pages that no read reaches are never touched.
class Slab {
 public:
  // So much that a reader which keeps up empties the socket with each read: what it reads is then still in the
  // processor's caches, and a third of the time is spent for it.
  static constexpr std::size_t kSize = std::size_t{1} << 20;

  // Throws std::bad_alloc.
  Slab() : bytes_(static_cast<std::uint8_t*>(std::malloc(kSize))) {
    if (!bytes_) throw std::bad_alloc();
  }

  std::span<std::uint8_t> bytes() { return {bytes_.get(), kSize}; }

 private:
  friend class SlabRef;
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };

  const std::unique_ptr<std::uint8_t, Free> bytes_;
  std::atomic<std::uint32_t> refs_{1};
};

// Keeps a slab alive. Each is used by one thread at a time; those of one slab may be on different ones.
class SlabRef {
 public:
  SlabRef() = default;
  // Throws std::bad_alloc.
  static SlabRef Make() {
    SlabRef made;
    made.slab_ = new Slab;
    return made;
  }
  SlabRef(const SlabRef& other) noexcept : slab_(other.slab_) {
    // Whoever copies a reference has one, so nothing can be freed meanwhile: a mere count, relaxed.
    if (slab_ != nullptr) slab_->refs_.fetch_add(1, std::memory_order_relaxed);
  }
  SlabRef(SlabRef&& other) noexcept : slab_(std::exchange(other.slab_, nullptr)) {}
  SlabRef& operator=(SlabRef other) noexcept {
    std::swap(slab_, other.slab_);
    return *this;
  }
  ~SlabRef() {
    // Releases what this thread did with the memory to the one that frees it or fills it anew.
    if (slab_ != nullptr && slab_->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete slab_;
  }

  explicit operator bool() const { return slab_ != nullptr; }
  Slab* operator->() const { return slab_; }
  bool operator==(const SlabRef&) const = default;
  // Nobody else can come by a reference then. Acquires what the others did before they let go.
  bool IsOnly() const { return slab_->refs_.load(std::memory_order_acquire) == 1; }

 private:
  Slab* slab_ = nullptr;
};

}  // namespace hawser::reader
