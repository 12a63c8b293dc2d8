// What the way to JavaScript counts, and frames that nobody looks at in time.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "reader/delivery_queue.h"
#include "test/support/reader/batches.h"

namespace hawser::reader {
namespace {

using Taken = DeliveryQueue::Taken;
using test::BatchOf;

constexpr std::size_t kMostFrames = 16 * 1024;

FrameSeen Frame(std::uint64_t length) { return {.header = {.length = length}, .payload = {}}; }

TEST_CASE("a queue that nothing went through has counted nothing") {
  DeliveryQueue queue({});
  const QueueStats stats = queue.queue_stats();
  CHECK(stats.messages + stats.bytes + stats.most_bytes + stats.batches + stats.batched + stats.largest_batch == 0);
  CHECK(stats.wakes == 0);
}

TEST_CASE("what waits is counted until it is consumed, and the most that ever waited stays") {
  DeliveryQueue queue({});
  queue.Publish(BatchOf({"one", "three"}));
  queue.Publish(BatchOf({"four"}));
  CHECK(queue.queue_stats().messages == 3);
  CHECK(queue.queue_stats().bytes == 12);
  MessageBatch batch;
  queue.Take(batch);
  CHECK(queue.queue_stats().messages == 3);
  queue.Take(batch);
  CHECK(queue.queue_stats().messages == 1);
  CHECK(queue.queue_stats().bytes == 4);
  queue.Release(batch);
  CHECK(queue.queue_stats().messages == 0);
  CHECK(queue.queue_stats().bytes == 0);
  CHECK(queue.queue_stats().most_bytes == 12);
}

TEST_CASE("batches are counted when they are taken, with their messages and the largest") {
  DeliveryQueue queue({});
  MessageBatch batch;
  queue.Publish(BatchOf({"1", "2", "3"}));
  queue.Publish(BatchOf({"4"}));
  CHECK(queue.queue_stats().batches == 0);
  while (queue.Take(batch).taken == Taken::kBatch) continue;
  (void)queue.Take(batch);
  CHECK(queue.queue_stats().batches == 2);
  CHECK(queue.queue_stats().batched == 4);
  CHECK(queue.queue_stats().largest_batch == 3);
}

TEST_CASE("a batch that is filled further is one batch, and its messages count once") {
  DeliveryQueue queue({});
  queue.Publish(BatchOf({"one"}));
  queue.Publish(BatchOf({"two"}));
  MessageBatch last = queue.Begin();
  CHECK(queue.queue_stats().messages == 1);
  test::Append(last, core::MessageKind::kAscii, "three");
  queue.Publish(std::move(last));
  CHECK(queue.queue_stats().messages == 3);
  CHECK(queue.queue_stats().most_bytes == 11);
  MessageBatch batch;
  while (queue.Take(batch).taken == Taken::kBatch) continue;
  CHECK(queue.queue_stats().batches == 2);
  CHECK(queue.queue_stats().batched == 3);
  CHECK(queue.queue_stats().largest_batch == 2);
}

TEST_CASE("wakes are those for messages that somebody waits for, for notices and for the end") {
  DeliveryQueue queue({});
  queue.Publish(BatchOf({"nobody waits"}));
  CHECK(queue.queue_stats().wakes == 0);
  MessageBatch batch;
  while (queue.Take(batch).taken == Taken::kBatch) continue;
  queue.Publish(BatchOf({"one"}));
  queue.Publish(BatchOf({"two"}));
  CHECK(queue.queue_stats().wakes == 1);
  while (queue.Take(batch).taken == Taken::kBatch) continue;
  queue.Publish(BatchOf({"three"}), true);
  CHECK(queue.queue_stats().wakes == 1);
  CHECK(queue.TakeWanted());
  CHECK_FALSE(queue.TakeWanted());
  CHECK(queue.queue_stats().wakes == 2);
  queue.Post(Drained{});
  queue.PostFrame(Frame(0));
  CHECK(queue.queue_stats().wakes == 4);
  queue.Finish();
  CHECK(queue.queue_stats().wakes == 5);
}

TEST_CASE("the session's stats are those set last, also after the end") {
  DeliveryQueue queue({});
  CHECK(queue.stats().wire_received == 0);
  SessionStats stats;
  for (stats.wire_received = 1; stats.wire_received <= 2; ++stats.wire_received) queue.SetStats(stats);
  queue.Finish();
  CHECK(queue.stats().wire_received == 2);
}

// --- frames ---------------------------------------------------------------------------------------------------------

TEST_CASE("frames are notices, in order among the others") {
  DeliveryQueue queue({});
  queue.PostFrame(Frame(1));
  queue.Post(Drained{});
  queue.PostFrame(Frame(2));
  const auto notices = queue.TakeNotices();
  REQUIRE(notices.size() == 3);
  CHECK(std::get<FrameSeen>(notices[0]).header.length == 1);
  CHECK(std::holds_alternative<Drained>(notices[1]));
  CHECK(std::get<FrameSeen>(notices[2]).header.length == 2);
}

TEST_CASE("frames that nobody looks at are bounded, and those left out are counted behind them, though none follows") {
  DeliveryQueue queue({});
  for (std::size_t i = 0; i < kMostFrames + 5; ++i) queue.PostFrame(Frame(i));
  const auto wakes = queue.queue_stats().wakes;
  CHECK(wakes == kMostFrames);
  const auto notices = queue.TakeNotices();
  REQUIRE(notices.size() == kMostFrames + 1);
  CHECK(std::get<FrameSeen>(notices[kMostFrames - 1]).header.length == kMostFrames - 1);
  CHECK(std::get<FramesLeftOut>(notices.back()).count == 5);
  CHECK(queue.TakeNotices().empty());
  queue.PostFrame(Frame(0));
  CHECK(queue.TakeNotices().size() == 1);
}

TEST_CASE("other notices are never left out") {
  DeliveryQueue queue({});
  for (std::size_t i = 0; i < kMostFrames + 1; ++i) queue.PostFrame(Frame(i));
  queue.Post(Closing{});
  const auto notices = queue.TakeNotices();
  REQUIRE(notices.size() == kMostFrames + 2);
  CHECK(std::holds_alternative<Closing>(notices[kMostFrames]));
  CHECK(std::get<FramesLeftOut>(notices.back()).count == 1);
}

// --- time paused ----------------------------------------------------------------------------------------------------

TEST_CASE("the time of a pause counts while it lasts and once it is over") {
  SessionStats stats;
  CHECK(stats.PausedUntil(1000) == 0);
  stats.Pause(1000);
  CHECK(stats.PausedUntil(1500) == 500);
  stats.Resume(2000);
  CHECK(stats.PausedUntil(9000) == 1000);
  stats.Pause(10'000);
  stats.Resume(10'500);
  CHECK(stats.PausedUntil(20'000) == 1500);
  CHECK(stats.pauses == 2);
}

TEST_CASE("a mark that is passed again while reading is stopped makes one pause, whose whole time counts") {
  SessionStats stats;
  stats.Pause(1000);
  stats.Pause(1900);
  CHECK(stats.pauses == 1);
  stats.Resume(2000);
  stats.Resume(3000);
  CHECK(stats.PausedUntil(4000) == 1000);
}

}  // namespace
}  // namespace hawser::reader
