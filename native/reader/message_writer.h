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
  bool Publish() {
    // Room was reserved and no message came of it: a batch without messages would read as the lack of one.
    if (empty()) batch_.reset();
    if (batch_) return PublishBatch(false);
    if (!std::exchange(quiet_, false) || !delivery_.TakeWanted()) return false;
    bell_.Ring(kReadyMessages);
    return true;
  }

  // Whether a high-water mark was passed since the last call.
  bool TakePause() { return std::exchange(pause_, false); }
  // Bytes that JavaScript had not consumed when something was last published.
  std::uint64_t held() const { return held_; }

 private:
  MessageBatch& BatchFor(std::size_t size) {
    if (batch_ && !batch_->Fits(size)) PublishBatch(true);
    if (!batch_) batch_ = delivery_.Begin();
    if (!batch_->Fits(size)) {
      PublishBatch(true);
      batch_ = MessageBatch();
    }
    return *batch_;
  }

  bool PublishBatch(bool more) {
    const auto published = delivery_.Publish(std::move(*std::exchange(batch_, std::nullopt)), more);
    held_ = published.held;
    pause_ = pause_ || published.pause;
    quiet_ = more && !published.ring;
    if (published.ring) bell_.Ring(kReadyMessages);
    return published.ring;
  }

  DeliveryQueue& delivery_;
  Bell& bell_;
  std::optional<MessageBatch> batch_;
  std::uint64_t held_ = 0;
  bool pause_ = false;
  bool quiet_ = false;  // a full batch was published, and nobody woken
};

}  // namespace hawser::reader
