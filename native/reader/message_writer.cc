#include "reader/message_writer.h"

#include <cstring>

namespace hawser::reader {

bool MessageWriter::Publish() {
  // Room was reserved and no message came of it: a batch without messages would read as the lack of one.
  if (empty()) batch_.reset();
  if (batch_) return PublishBatch(false);
  if (!std::exchange(quiet_, false) || !delivery_.TakeWanted()) return false;
  bell_.Ring(kReadyMessages);
  return true;
}

std::uint64_t MessageWriter::held() { return delivery_.held() + (batch_ ? batch_->held() : 0); }

std::span<std::uint8_t> MessageWriter::Target() {
  if (!target_) target_ = delivery_.TakeSpare();
  return target_->Whole();
}

void MessageWriter::BeginInPlace(std::size_t size) {
  if (!empty()) PublishBatch(true);
  batch_ = std::exchange(target_, std::nullopt);
  batch_->BeginInPlace(size);
  in_place_ = true;
}

bool MessageWriter::CommitInPlace(core::MessageKind kind, std::span<const std::uint8_t> message) {
  return in_place_ && kept_back_.empty() && batch_->CommitInPlace(kind, message);
}

void MessageWriter::EndInPlace() {
  in_place_ = false;
  auto batches = std::exchange(kept_back_, {});
  batches.push_back(std::move(*std::exchange(batch_, std::nullopt)));
  for (MessageBatch& batch : batches) {
    if (batch.Sparse()) {
      Rewrite(batch);
    } else {
      if (!empty()) PublishBatch(true);
      batch_ = std::move(batch);
    }
  }
}

// The few messages of a big read must not hold all its memory while they wait for their consumer.
void MessageWriter::Rewrite(MessageBatch& batch) {
  for (const MessageEntry& entry : batch.index()) {
    const std::uint32_t kind = entry.where >> kKindShift;
    const std::uint32_t at = entry.where & kOffsetMask;
    if ((kind & kLargeFlag) != 0) {
      CommitLarge(static_cast<core::MessageKind>(kind & ~kLargeFlag), std::move(batch.large(at)));
      continue;
    }
    std::uint8_t* room = Reserve(entry.size);
    if (entry.size > 0) std::memcpy(room, batch.shared().bytes() + at, entry.size);
    Commit(static_cast<core::MessageKind>(kind), entry.size);
  }
  batch.Clear();
  if (!target_) target_ = std::move(batch);
}

void MessageWriter::NextBatch(std::size_t size) {
  if (in_place_) {
    kept_back_.push_back(std::move(*batch_));
    batch_ = delivery_.TakeSpare();
    return;
  }
  if (batch_) PublishBatch(true);
  batch_ = delivery_.Begin();
  if (batch_->Fits(size)) return;
  PublishBatch(true);
  batch_ = MessageBatch();
}

bool MessageWriter::PublishBatch(bool more) {
  return PublishBatch(std::move(*std::exchange(batch_, std::nullopt)), more);
}

bool MessageWriter::PublishBatch(MessageBatch batch, bool more) {
  const auto published = delivery_.Publish(std::move(batch), more);
  pause_ = pause_ || published.pause;
  quiet_ = more && !published.ring;
  if (published.ring) bell_.Ring(kReadyMessages);
  return published.ring;
}

}  // namespace hawser::reader
