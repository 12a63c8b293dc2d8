// What one wake delivers: messages one after the other in one run of bytes, with an index. Plain memory; the reader
// fills it, the delivery queue carries it, the JS thread copies it out. Offsets ascend with the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/payload.h"

namespace hawser::reader {

inline constexpr std::size_t kBatchBytes = 64 * 1024;
inline constexpr std::size_t kBatchMessages = 4096;
inline constexpr unsigned kKindShift = 28;
inline constexpr std::uint32_t kOffsetMask = (1U << kKindShift) - 1;
// A kind's bit for messages that keep an allocation of their own; the offset then counts those.
inline constexpr std::uint32_t kLargeFlag = 4;

// The index as JavaScript reads it: two words a message.
struct MessageEntry {
  std::uint32_t where;  // offset | kind << kKindShift
  std::uint32_t size;   // bytes
};

class MessageBatch {
 public:
  bool empty() const { return index_.empty(); }
  std::size_t messages() const { return index_.size(); }
  // Bytes of all its messages, with an allocation of their own or not.
  std::size_t bytes() const { return message_bytes_; }
  // The same with the index: empty messages are not for free.
  std::size_t held() const { return bytes() + messages() * sizeof(MessageEntry); }

  const std::vector<MessageEntry>& index() const { return index_; }
  const core::Payload& shared() const { return bytes_; }
  core::Payload& large(std::size_t i) { return large_[i]; }
  std::size_t large_count() const { return large_.size(); }

  // Bytes of the longest message that shares the run.
  std::size_t longest() const { return longest_; }

  bool Fits(std::size_t size) const {
    return index_.size() < kBatchMessages && Aligned(bytes_.size()) + size <= kBatchBytes;
  }

  // Room for `size` bytes that fit. Starts small and grows, so that a quiet connection stays small.
  std::uint8_t* Reserve(std::size_t size) {
    const std::size_t begin = Aligned(bytes_.size());
    if (const std::size_t need = begin + size; need > bytes_.capacity()) {
      std::size_t capacity = bytes_.capacity() == 0 ? kFirstCapacity : bytes_.capacity() * 4;
      while (capacity < need) capacity *= 4;
      bytes_.Grow(capacity < kBatchBytes ? capacity : kBatchBytes);
    }
    return bytes_.bytes() + begin;
  }

  void Commit(core::MessageKind kind, std::size_t size) {
    const std::size_t begin = Aligned(bytes_.size());
    AddEntry(kind, begin, size);
    bytes_.set_size(begin + size);
  }

  // All its memory, for an empty batch to be filled by a read. Throws std::bad_alloc.
  std::span<std::uint8_t> Whole() {
    bytes_.Grow(kBatchBytes);
    return {bytes_.bytes(), kBatchBytes};
  }
  // The first `size` bytes are there: messages among them are committed where they lie, until the first that does not.
  void BeginInPlace(std::size_t size) {
    bytes_.set_size(size);
    in_place_ = size;
  }
  bool CommitInPlace(core::MessageKind kind, std::span<const std::uint8_t> message) {
    if (bytes_.size() > in_place_ || index_.size() == kBatchMessages) return false;
    AddEntry(kind, static_cast<std::size_t>(message.data() - bytes_.bytes()), message.size());
    return true;
  }

  void CommitLarge(core::MessageKind kind, core::Payload message) {
    const auto kind_bits = static_cast<std::uint32_t>(kind) | kLargeFlag;
    if (large_.size() == large_.capacity()) large_.reserve(2 * large_.size() + 2);
    index_.push_back({static_cast<std::uint32_t>(large_.size()) | kind_bits << kKindShift,
                      static_cast<std::uint32_t>(message.size())});
    message_bytes_ += message.size();
    large_.push_back(std::move(message));
  }

  // Whether its messages fill less than half of its memory.
  bool Sparse() const { return 2 * message_bytes_ < bytes_.capacity(); }
  // Empties it for the next use, keeping the allocation.
  void Clear() {
    bytes_.set_size(0);
    index_.clear();
    large_.clear();
    message_bytes_ = 0;
    longest_ = 0;
    in_place_ = 0;
  }

 private:
  static constexpr std::size_t kFirstCapacity = 4096;

  void AddEntry(core::MessageKind kind, std::size_t begin, std::size_t size) {
    index_.push_back({static_cast<std::uint32_t>(begin) | static_cast<std::uint32_t>(kind) << kKindShift,
                      static_cast<std::uint32_t>(size)});
    message_bytes_ += size;
    if (size > longest_) longest_ = size;
  }

  // UTF-16 is read in units of two bytes.
  static constexpr std::size_t Aligned(std::size_t offset) { return (offset + 1) & ~std::size_t{1}; }

  core::Payload bytes_;
  std::vector<MessageEntry> index_;
  std::vector<core::Payload> large_;
  std::size_t message_bytes_ = 0;
  std::size_t longest_ = 0;
  std::size_t in_place_ = 0;  // how many bytes were there before any message was
};

}  // namespace hawser::reader
