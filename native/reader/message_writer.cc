#include "reader/message_writer.h"

#include "core/limits.h"

namespace hawser::reader {

namespace {

// Bytes of one message for which a batch of its own may begin although the last is far from full.
constexpr std::size_t kWorthABatch = std::size_t{16} << 10;

}  // namespace

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
  if (!slab_ || slab_->bytes().size() - fill_ < kLeastTarget) {
    slab_ = slabs_.Take();
    fill_ = 0;
  }
  return slab_->bytes().subspan(fill_);
}

bool MessageWriter::DropTarget() {
  slabs_.Clear();
  if (slab_ && slab_.IsOnly()) slab_ = SlabRef();
  return !slab_;
}

void MessageWriter::BeginInPlace() {
  if (!empty()) PublishBatch(true);
  reading_in_place_ = true;
}

bool MessageWriter::CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message) {
  if (!reading_in_place_) return false;
  // JavaScript takes over the allocation of a large binary one.
  if (form.kind == core::MessageKind::kBinary && message.size() > core::kLargeMessage) return false;
  if (InPlace() && !batch_->FitsInPlace(message)) CloseInPlace();
  if (!empty() && !InPlace()) {
    // Messages made elsewhere stand before it; those that follow go the same way rather than in ever new batches.
    if (message.size() < kWorthABatch && batch_->bytes() < kBatchBytes / 2) return false;
    PublishBatch(true);
  }
  if (empty()) BeginBatch(delivery_.TakeSpare());
  batch_->CommitInPlace(form, message, slab_);
  return true;
}

// What lies behind the last message that stays is read into again.
void MessageWriter::EndInPlace() {
  reading_in_place_ = false;
  if (InPlace()) CloseInPlace();
}

// Publishes messages in place, or copies them where they are little of what was read: they must not hold a slab while
// they wait for their consumer.
void MessageWriter::CloseInPlace() {
  MessageBatch batch = std::move(*std::exchange(batch_, std::nullopt));
  const auto part = batch.shared();
  const auto end = static_cast<std::size_t>(part.data() + part.size() - slab_->bytes().data());
  if (2 * batch.bytes() < end - fill_) return Rewrite(batch);
  fill_ = end;
  PublishBatch(std::move(batch), true);
}

void MessageWriter::Rewrite(MessageBatch& batch) {
  for (const MessageEntry& entry : batch.index()) {
    core::DeliverCopy(entry.form(), batch.shared().subspan(entry.offset(), entry.size), *this);
  }
}

void MessageWriter::NextBatch(std::size_t size) {
  if (InPlace()) CloseInPlace();
  if (batch_ && batch_->Fits(size)) return;
  if (!empty()) PublishBatch(true);
  BeginBatch(delivery_.Begin());
  if (batch_->Fits(size)) return;
  PublishBatch(true);
  BeginBatch(MessageBatch());
}

void MessageWriter::BeginBatch(MessageBatch batch) {
  batch_ = std::move(batch);
  batch_->BeginRead(read_at_);
}

bool MessageWriter::PublishBatch(bool more) {
  return PublishBatch(std::move(*std::exchange(batch_, std::nullopt)), more);
}

bool MessageWriter::PublishBatch(MessageBatch batch, bool more) {
  before_publish_();
  const auto published = delivery_.Publish(std::move(batch), more);
  pause_ = pause_ || published.pause;
  quiet_ = more && !published.ring;
  if (published.ring) bell_.Ring(kReadyMessages);
  return published.ring;
}

}  // namespace hawser::reader
