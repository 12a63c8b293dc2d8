// Fills batches and publishes them: a full one at once, the last of a turn of the loop at the turn's end. Wakes the
// consumer at the turn's end, or earlier if there is much. Reader thread.
//
// A connection that has much to read is read straight into a batch: messages that lie whole in what was read stay where
// they are. While they are looked at, the batches made of them are kept back, since they hold what is being parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/event.h"
#include "reader/delivery_queue.h"
#include "reader/message_batch.h"

namespace hawser::reader {

class MessageWriter {
 public:
  MessageWriter(DeliveryQueue& delivery, Bell& bell) : delivery_(delivery), bell_(bell) {}

  std::uint8_t* Reserve(std::size_t size) { return BatchFor(size).Reserve(size); }
  void Commit(core::MessageKind kind, std::size_t size) { batch_->Commit(kind, size); }
  void CommitLarge(core::MessageKind kind, core::Payload message) { BatchFor(0).CommitLarge(kind, std::move(message)); }

  // Memory to read into. Throws std::bad_alloc.
  std::span<std::uint8_t> Target();
  // The first `size` bytes of the target are there: until EndInPlace their messages may be taken in place.
  void BeginInPlace(std::size_t size);
  bool CommitInPlace(core::MessageKind kind, std::span<const std::uint8_t> message);
  void EndInPlace();
  // No more is read into the target for now.
  void DropTarget() { target_.reset(); }

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
  void Rewrite(MessageBatch& batch);
  bool PublishBatch(bool more);
  bool PublishBatch(MessageBatch batch, bool more);

  DeliveryQueue& delivery_;
  Bell& bell_;
  std::optional<MessageBatch> batch_;
  std::optional<MessageBatch> target_;
  std::vector<MessageBatch> kept_back_;  // the first one holds what is being parsed
  bool in_place_ = false;                // what is being parsed lies in batch_ or in kept_back_
  bool pause_ = false;
  bool quiet_ = false;  // a full batch was published, and nobody woken
};

}  // namespace hawser::reader
