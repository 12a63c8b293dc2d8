// Fills batches and publishes them: a full one at once, the last of a turn of the loop at the turn's end. Wakes the
// consumer at the turn's end, or earlier if there is much. Reader thread.
//
// A connection that has much to read is read into slabs: messages that lie whole there stay where they are, and batches
// refer to them. Few messages among much else are copied, so that they don't hold a slab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "core/event.h"
#include "reader/delivery_queue.h"
#include "reader/message_batch.h"
#include "reader/slab_pool.h"

namespace hawser::reader {

class MessageWriter {
 public:
  // `before_publish` is called before messages can be seen, for what has to be seen no later; must not throw.
  MessageWriter(
      DeliveryQueue& delivery, Bell& bell, std::function<void()> before_publish = [] {})
      : delivery_(delivery), bell_(bell), before_publish_(std::move(before_publish)) {}

  std::uint8_t* Reserve(std::size_t size) { return BatchFor(size).Reserve(size); }
  void Commit(core::MessageForm form, std::size_t size) { batch_->Commit(form, size); }
  void CommitLarge(core::MessageForm form, core::Payload message) { BatchFor(0).CommitLarge(form, std::move(message)); }

  // What follows was read at this time, milliseconds since 1970.
  void BeginRead(double at) {
    read_at_ = at;
    if (batch_) batch_->BeginRead(at);
  }

  // Memory to read into, a quarter of a slab at least. Throws std::bad_alloc.
  std::span<std::uint8_t> Target();
  // The target was read into: until EndInPlace the messages there may be taken in place.
  void BeginInPlace();
  bool CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message);
  void EndInPlace();
  // No more is read into slabs for now. False while messages lie in the last one, which is then filled further when it
  // is wanted again: few of them must not come to hold many slabs.
  bool DropTarget();

  bool empty() const { return !batch_ || batch_->empty(); }
  // At the end of a turn. Whether that woke a consumer.
  bool Publish();

  // Whether a high-water mark was passed since the last call.
  bool TakePause() { return std::exchange(pause_, false); }
  // Bytes that JavaScript has not consumed, with those that are still to be published.
  std::uint64_t held();

 private:
  MessageBatch& BatchFor(std::size_t size) {
    if (!batch_ || !batch_->Fits(size)) NextBatch(size);
    return *batch_;
  }
  void NextBatch(std::size_t size);
  void BeginBatch(MessageBatch batch);
  bool InPlace() const { return !empty() && batch_->in_place(); }
  void CloseInPlace();
  void Rewrite(MessageBatch& batch);
  bool PublishBatch(bool more);
  bool PublishBatch(MessageBatch batch, bool more);

  static constexpr std::size_t kLeastTarget = Slab::kSize / 4;

  DeliveryQueue& delivery_;
  Bell& bell_;
  std::function<void()> before_publish_;
  std::optional<MessageBatch> batch_;
  SlabPool slabs_;
  SlabRef slab_;                   // that is read into
  std::size_t fill_ = 0;           // bytes of it that hold what batches refer to, and what lies between
  bool reading_in_place_ = false;  // between BeginInPlace and EndInPlace
  double read_at_ = 0;
  bool pause_ = false;
  bool quiet_ = false;  // a full batch was published, and nobody woken
};

}  // namespace hawser::reader
