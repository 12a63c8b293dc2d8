// What one wake delivers: messages one after the other in one run of bytes, with an index. The run is the batch's own,
// to which messages are copied, or a part of a slab, where they lie as they were read. Plain memory; the reader fills
// it, the delivery queue carries it, the JS thread copies it out. Offsets ascend with the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/payload.h"
#include "reader/slab.h"

namespace hawser::reader {

inline constexpr std::size_t kBatchBytes = 64 * 1024;
inline constexpr std::size_t kBatchMessages = 4096;
// From this size on JavaScript asks for each message by itself: the others, with what lies between them, go to it
// together, kBatchBytes at most.
inline constexpr std::size_t kDirectMessage = std::size_t{4} << 10;
// What a part of a slab may reach over: all messages of a batch are decoded in one go.
inline constexpr std::size_t kBatchReach = std::size_t{256} << 10;
inline constexpr unsigned kKindShift = 28;
inline constexpr std::uint32_t kOffsetMask = (1U << kKindShift) - 1;
// Bits beside the kind: of messages that keep an allocation of their own, where the offset counts those, and of
// fragments that others follow.
inline constexpr std::uint32_t kLargeFlag = 4;
inline constexpr std::uint32_t kMoreFlag = 8;

// The index as JavaScript reads it: two words a message.
struct MessageEntry {
  std::uint32_t where;  // offset | (kind | flags) << kKindShift
  std::uint32_t size;   // bytes

  std::uint32_t offset() const { return where & kOffsetMask; }
  bool large() const { return (where >> kKindShift & kLargeFlag) != 0; }
  core::MessageForm form() const {
    const std::uint32_t bits = where >> kKindShift;
    return {.kind = static_cast<core::MessageKind>(bits & kKindBits), .more = (bits & kMoreFlag) != 0};
  }
  static std::uint32_t Where(core::MessageForm form, std::size_t offset, std::uint32_t flags = 0) {
    const std::uint32_t more = form.more ? kMoreFlag : 0;
    return static_cast<std::uint32_t>(offset) | (static_cast<std::uint32_t>(form.kind) | more | flags) << kKindShift;
  }

 private:
  static constexpr std::uint32_t kKindBits = kLargeFlag - 1;
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
  // When the bytes of messages were read: from the message `first` on, at `at`, milliseconds since 1970.
  struct Read {
    std::uint32_t first;
    double at;
  };
  const std::vector<Read>& reads() const { return reads_; }
  // The messages that follow were read at this time.
  void BeginRead(double at) {
    const auto first = static_cast<std::uint32_t>(index_.size());
    if (reads_.empty() || reads_.back().first != first) {
      reads_.push_back({first, at});
    } else {
      reads_.back().at = at;
    }
  }

  // The run.
  std::span<const std::uint8_t> shared() const { return in_place() ? part_ : bytes_.span(); }
  core::Payload& large(std::size_t i) { return large_[i]; }
  std::size_t large_count() const { return large_.size(); }

  // How many bytes of a message in the run are not for those who get the small ones.
  static constexpr std::size_t DirectBytes(std::size_t size) { return size >= kDirectMessage ? size : 0; }
  std::size_t direct_bytes() const { return direct_bytes_; }

  // --- a run of its own ---
  std::size_t used() const { return bytes_.size(); }
  std::size_t capacity() const { return bytes_.capacity(); }
  bool Fits(std::size_t size) const {
    return !in_place() && index_.size() < kBatchMessages && Aligned(bytes_.size()) + size <= kBatchBytes;
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

  void Commit(core::MessageForm form, std::size_t size) {
    const std::size_t begin = Aligned(bytes_.size());
    AddEntry(form, begin, size);
    bytes_.set_size(begin + size);
  }

  // --- a part of a slab ---
  bool in_place() const { return static_cast<bool>(slab_); }
  const SlabRef& slab() const { return slab_; }
  // For a message behind all that are there, in the same slab.
  bool FitsInPlace(std::span<const std::uint8_t> message) const {
    if (empty()) return true;
    const std::size_t reach = Reach(message);
    return in_place() && index_.size() < kBatchMessages && reach <= kBatchReach &&
           reach - direct_bytes_ - DirectBytes(message.size()) <= kBatchBytes;
  }
  void CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message, const SlabRef& slab) {
    if (empty()) {
      slab_ = slab;
      part_ = message.first(0);
    }
    AddEntry(form, Reach(message) - message.size(), message.size());
    part_ = {part_.data(), Reach(message)};
  }

  void CommitLarge(core::MessageForm form, core::Payload message) {
    if (large_.size() == large_.capacity()) large_.reserve(2 * large_.size() + 2);
    index_.push_back(
        {MessageEntry::Where(form, large_.size(), kLargeFlag), static_cast<std::uint32_t>(message.size())});
    message_bytes_ += message.size();
    large_.push_back(std::move(message));
  }

  // Empties it for the next use, keeping the allocation.
  void Clear() {
    bytes_.set_size(0);
    index_.clear();
    reads_.clear();
    large_.clear();
    slab_ = SlabRef();
    part_ = {};
    message_bytes_ = 0;
    direct_bytes_ = 0;
  }

 private:
  static constexpr std::size_t kFirstCapacity = 4096;

  void AddEntry(core::MessageForm form, std::size_t begin, std::size_t size) {
    index_.push_back({MessageEntry::Where(form, begin), static_cast<std::uint32_t>(size)});
    message_bytes_ += size;
    direct_bytes_ += DirectBytes(size);
  }

  // From the begin of the part to the end of a message.
  std::size_t Reach(std::span<const std::uint8_t> message) const {
    return static_cast<std::size_t>(message.data() - part_.data()) + message.size();
  }

  // UTF-16 is read in units of two bytes.
  static constexpr std::size_t Aligned(std::size_t offset) { return (offset + 1) & ~std::size_t{1}; }

  core::Payload bytes_;
  std::vector<MessageEntry> index_;
  std::vector<Read> reads_;
  std::vector<core::Payload> large_;
  SlabRef slab_;
  std::span<const std::uint8_t> part_;  // of the slab
  std::size_t message_bytes_ = 0;
  std::size_t direct_bytes_ = 0;
};

}  // namespace hawser::reader
