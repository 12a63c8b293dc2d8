// Fills batches and publishes them: a full one at once, the last of a turn of the loop at the turn's end. Wakes the
// consumer at the turn's end, or earlier if there is much. Reader thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

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
  bool PublishBatch(bool more);

  DeliveryQueue& delivery_;
  Bell& bell_;
  std::optional<MessageBatch> batch_;
  bool pause_ = false;
  bool quiet_ = false;  // a full batch was published, and nobody woken
};

}  // namespace hawser::reader
