// One owned run of bytes: a big message, or what the application handed over to be sent.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace hawser::core {

// Gives bytes back to where they came from: malloc, or an owner elsewhere that is told, on whatever thread that is.
struct FreeBytes {
  void (*release)(void* owner) = nullptr;
  void* owner = nullptr;

  void operator()(std::uint8_t* bytes) const {
    if (release != nullptr) return release(owner);
    std::free(bytes);
  }
};

// malloc and realloc rather than new: a growing message can then grow in place.
class Payload {
 public:
  Payload() = default;
  explicit Payload(std::size_t capacity) { Grow(capacity); }

  // Takes over bytes that their owner leaves alone until released. They can't grow.
  Payload(std::uint8_t* bytes, std::size_t size, FreeBytes free) : bytes_(bytes, free), size_(size), capacity_(size) {}

  Payload(Payload&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Payload& operator=(Payload&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
  ~Payload() = default;

  // Makes room for `capacity` bytes; throws std::bad_alloc and keeps the content if there is none.
  void Grow(std::size_t capacity) {
    if (capacity > capacity_ && !Reallocate(capacity)) throw std::bad_alloc();
  }

  // Gives back what it can of the room beyond size().
  void Trim() {
    if (size_ > 0 && size_ < capacity_) (void)Reallocate(size_);
  }

  std::uint8_t* bytes() { return bytes_.get(); }
  const std::uint8_t* bytes() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  void set_size(std::size_t size) { size_ = size; }
  std::span<const std::uint8_t> span() const { return {bytes_.get(), size_}; }

  // Gives the allocation away; whoever takes it calls std::free.
  std::uint8_t* Release() {
    size_ = capacity_ = 0;
    return bytes_.release();
  }

 private:
  bool Reallocate(std::size_t capacity) {
    assert(bytes_ == nullptr || bytes_.get_deleter().release == nullptr);
    auto* moved = static_cast<std::uint8_t*>(std::realloc(bytes_.get(), capacity));
    if (moved == nullptr) return false;
    (void)bytes_.release();
    bytes_ = {moved, FreeBytes()};
    capacity_ = capacity;
    return true;
  }

  std::unique_ptr<std::uint8_t, FreeBytes> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hawser::core
