// Reader to JavaScript: batches of messages, notices, and the mark that the reader is done. One of the two objects
// that two threads touch; its mutex is a leaf, held for moves and counts only.
//
// JavaScript pulls: it takes a batch when a consumer wants one. A reader rings only when a take came up empty, for
// a notice, and at the end, so a busy consumer is never woken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "reader/message_batch.h"
#include "reader/mutex.h"
#include "reader/notice.h"
#include "reader/session_stats.h"

namespace hawser::reader {

inline constexpr std::uint32_t kReadyMessages = 1;
inline constexpr std::uint32_t kReadyNotices = 2;
inline constexpr std::uint32_t kReadyFinished = 4;

// The wake towards JavaScript. It carries which kinds of news there are, never the news. Called by the reader
// thread, with no lock held; must not block or throw.
class Bell {
 public:
  virtual void Ring(std::uint32_t ready) noexcept = 0;
  virtual ~Bell() = default;
};

// Marks on what is published and not yet consumed. Above `high` the reader stops reading, at `low` it resumes.
struct QueueMarks {
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t high_messages = kNone;
  std::uint64_t low_messages = kNone;
  std::uint64_t high_bytes = kNone;
  std::uint64_t low_bytes = kNone;
};

class DeliveryQueue {
 public:
  explicit DeliveryQueue(const QueueMarks& marks);

  struct Published {
    bool ring = false;   // JavaScript waits for messages
    bool pause = false;  // the queue has just passed its high-water mark
  };

  // --- reader thread ---
  // A batch to fill: the last one published if nobody is about to take it, so that a slow consumer finds few full
  // batches rather than many small ones; else a spare or a new one.
  MessageBatch Begin();
  // An empty batch, whatever was published before.
  MessageBatch TakeSpare();
  // `more`: more follows in this turn of the loop, so that a consumer that waits is not woken for little.
  Published Publish(MessageBatch batch, bool more = false);
  // After the last Publish of a turn that had `more`: whether to ring.
  bool TakeWanted();
  // Whether a high-water mark was passed and JavaScript has not posted the Resume that follows.
  bool paused();
  // Bytes of what is published and not consumed, payloads and index.
  std::uint64_t held();
  void Post(Notice notice);
  // As Post, unless very many notices wait: then it is only counted, and a FramesLeftOut follows these.
  void PostFrame(FrameSeen frame);
  void SetLatency(double milliseconds);
  void SetStats(const SessionStats& stats);
  // The last thing a reader does with its session.
  void Finish();

  // --- JS thread ---
  enum class Taken : std::uint8_t { kBatch, kNothing, kFinished };
  struct TakeResult {
    Taken taken = Taken::kNothing;
    bool resume = false;  // the queue has just fallen to its low-water mark: post Resume
  };
  // The batch taken before counts as consumed and is replaced; it stays untouched if there is none.
  TakeResult Take(MessageBatch& batch);
  // The batch taken before is consumed. True: post Resume.
  bool Release(MessageBatch& batch);
  std::vector<Notice> TakeNotices();
  double latency();
  SessionStats stats();
  QueueStats queue_stats();
  bool finished();

 private:
  MessageBatch Spare() HAWSER_TSA(requires_capability(mutex_));
  struct Consumed {
    explicit Consumed(MessageBatch& taken);
    std::uint64_t messages;
    std::uint64_t bytes;
    bool keep;
    MessageBatch batch;
  };
  bool Account(Consumed& consumed) HAWSER_TSA(requires_capability(mutex_));

  const QueueMarks marks_;

  Mutex mutex_;
  std::deque<MessageBatch> batches_ HAWSER_GUARDED_BY(mutex_);
  std::vector<MessageBatch> spare_ HAWSER_GUARDED_BY(mutex_);
  std::vector<Notice> notices_ HAWSER_GUARDED_BY(mutex_);
  std::uint64_t messages_ HAWSER_GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ HAWSER_GUARDED_BY(mutex_) = 0;
  double latency_ HAWSER_GUARDED_BY(mutex_) = 0;
  SessionStats stats_ HAWSER_GUARDED_BY(mutex_);
  QueueStats queue_stats_ HAWSER_GUARDED_BY(mutex_);
  std::uint64_t frames_left_out_ HAWSER_GUARDED_BY(mutex_) = 0;
  bool wanted_ HAWSER_GUARDED_BY(mutex_) = false;  // a take came up empty: ring for the next message
  bool paused_ HAWSER_GUARDED_BY(mutex_) = false;
  bool finished_ HAWSER_GUARDED_BY(mutex_) = false;
};

}  // namespace hawser::reader
