#include "reader/delivery_queue.h"

#include <algorithm>
#include <utility>

namespace hawser::reader {

namespace {

// Bytes for which a consumer is woken although more is being read. A wake costs both threads several microseconds.
constexpr std::size_t kWorthAWake = 4 * kBatchBytes;

// Enough to cycle through under a flood without allocating; a quiet connection keeps none that is large.
constexpr std::size_t kMaxSpare = 8;

// Of frames that nobody has looked at yet.
constexpr std::size_t kMostFrames = 16 * 1024;

// Whether a batch was used well enough to keep as a spare: one burst must not pin memory for good.
bool WorthKeeping(const MessageBatch& batch) { return !batch.empty() && batch.used() * 16 >= batch.capacity(); }

}  // namespace

// Room for all spares: keeping one can't fail.
DeliveryQueue::DeliveryQueue(const QueueMarks& marks) : marks_(marks) { spare_.reserve(kMaxSpare); }

MessageBatch DeliveryQueue::Begin() {
  Lock lock(mutex_);
  // With more than one waiting, JavaScript is not about to take the last.
  if (batches_.size() < 2) return Spare();
  if (batches_.back().in_place() || batches_.back().bytes() >= kBatchBytes / 2) return Spare();
  MessageBatch batch = std::move(batches_.back());
  batches_.pop_back();
  messages_ -= batch.messages();
  bytes_ -= batch.bytes();
  return batch;
}

MessageBatch DeliveryQueue::TakeSpare() {
  Lock lock(mutex_);
  return Spare();
}

MessageBatch DeliveryQueue::Spare() {
  if (spare_.empty()) return {};
  MessageBatch batch = std::move(spare_.back());
  spare_.pop_back();
  return batch;
}

DeliveryQueue::Published DeliveryQueue::Publish(MessageBatch batch, bool more) {
  Lock lock(mutex_);
  batches_.push_back(std::move(batch));
  messages_ += batches_.back().messages();
  bytes_ += batches_.back().bytes();
  const bool pause = !paused_ && (messages_ > marks_.high_messages || bytes_ > marks_.high_bytes);
  paused_ = paused_ || pause;
  queue_stats_.most_bytes = std::max(queue_stats_.most_bytes, bytes_);
  const bool ring = wanted_ && (!more || bytes_ >= kWorthAWake);
  if (ring) {
    wanted_ = false;
    ++queue_stats_.wakes;
  }
  return {.ring = ring, .pause = pause};
}

bool DeliveryQueue::TakeWanted() {
  Lock lock(mutex_);
  const bool ring = !batches_.empty() && std::exchange(wanted_, false);
  if (ring) ++queue_stats_.wakes;
  return ring;
}

bool DeliveryQueue::paused() {
  Lock lock(mutex_);
  return paused_;
}

std::uint64_t DeliveryQueue::held() {
  Lock lock(mutex_);
  return bytes_ + messages_ * sizeof(MessageEntry);
}

void DeliveryQueue::Post(Notice notice) {
  Lock lock(mutex_);
  notices_.push_back(std::move(notice));
  ++queue_stats_.wakes;
}

void DeliveryQueue::PostFrame(FrameSeen frame) {
  Lock lock(mutex_);
  if (notices_.size() >= kMostFrames) {
    ++frames_left_out_;
    return;
  }
  notices_.emplace_back(std::move(frame));
  ++queue_stats_.wakes;
}

void DeliveryQueue::SetLatency(double milliseconds) {
  Lock lock(mutex_);
  latency_ = milliseconds;
}

void DeliveryQueue::SetStats(const SessionStats& stats) {
  Lock lock(mutex_);
  stats_ = stats;
}

void DeliveryQueue::Finish() {
  Lock lock(mutex_);
  finished_ = true;
  ++queue_stats_.wakes;
}

DeliveryQueue::Consumed::Consumed(MessageBatch& taken)
    : messages(taken.messages()), bytes(taken.bytes()), keep(WorthKeeping(taken)), batch(std::move(taken)) {
  batch.Clear();
  taken = MessageBatch();
}

bool DeliveryQueue::Account(Consumed& consumed) {
  messages_ -= consumed.messages;
  bytes_ -= consumed.bytes;
  if (consumed.keep && !finished_ && spare_.size() < kMaxSpare) spare_.push_back(std::move(consumed.batch));
  const bool resume = paused_ && messages_ <= marks_.low_messages && bytes_ <= marks_.low_bytes;
  if (resume) paused_ = false;
  return resume;
}

DeliveryQueue::TakeResult DeliveryQueue::Take(MessageBatch& batch) {
  Consumed consumed(batch);  // before the lock, so that what it frees is freed after
  Lock lock(mutex_);
  TakeResult result;
  result.resume = Account(consumed);
  if (!batches_.empty()) {
    batch = std::move(batches_.front());
    batches_.pop_front();
    ++queue_stats_.batches;
    queue_stats_.batched += batch.messages();
    queue_stats_.largest_batch = std::max<std::uint64_t>(queue_stats_.largest_batch, batch.messages());
    result.taken = Taken::kBatch;
  } else if (finished_) {
    result.taken = Taken::kFinished;
  } else {
    wanted_ = true;
  }
  return result;
}

bool DeliveryQueue::Release(MessageBatch& batch) {
  Consumed consumed(batch);
  Lock lock(mutex_);
  return Account(consumed);
}

std::vector<Notice> DeliveryQueue::TakeNotices() {
  Lock lock(mutex_);
  // Nothing that was left out comes before what is there: there was no room behind it.
  if (frames_left_out_ > 0) notices_.emplace_back(FramesLeftOut{std::exchange(frames_left_out_, 0)});
  return std::exchange(notices_, {});
}

double DeliveryQueue::latency() {
  Lock lock(mutex_);
  return latency_;
}

SessionStats DeliveryQueue::stats() {
  Lock lock(mutex_);
  return stats_;
}

QueueStats DeliveryQueue::queue_stats() {
  Lock lock(mutex_);
  QueueStats stats = queue_stats_;
  stats.messages = messages_;
  stats.bytes = bytes_;
  return stats;
}

bool DeliveryQueue::finished() {
  Lock lock(mutex_);
  return finished_;
}

}  // namespace hawser::reader
