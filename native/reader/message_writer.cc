#include "reader/message_writer.h"

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

void MessageWriter::NextBatch(std::size_t size) {
  if (batch_) PublishBatch(true);
  batch_ = delivery_.Begin();
  if (batch_->Fits(size)) return;
  PublishBatch(true);
  batch_ = MessageBatch();
}

bool MessageWriter::PublishBatch(bool more) {
  const auto published = delivery_.Publish(std::move(*std::exchange(batch_, std::nullopt)), more);
  pause_ = pause_ || published.pause;
  quiet_ = more && !published.ring;
  if (published.ring) bell_.Ring(kReadyMessages);
  return published.ring;
}

}  // namespace hawser::reader
