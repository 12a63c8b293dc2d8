// Messages on their way to JavaScript: what a take finds, when a publisher must ring, pause and be resumed.
#include "reader/delivery_queue.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "test/support/reader/application.h"
#include "test/support/reader/batches.h"

namespace hawser::reader {
namespace {

using Taken = DeliveryQueue::Taken;
using test::BatchOf;
using test::Decode;
using test::Events;
using test::PayloadOf;
using test::Text;

// What the next take finds.
Events TakeEvents(DeliveryQueue& queue) {
  MessageBatch batch;
  REQUIRE(queue.Take(batch).taken == Taken::kBatch);
  return Decode(batch);
}

DeliveryQueue::Published Publish(DeliveryQueue& queue, std::initializer_list<std::string> messages) {
  return queue.Publish(BatchOf(messages));
}

TEST_CASE("batches are taken in the order in which they were published") {
  DeliveryQueue queue({});
  Publish(queue, {"one", "two"});
  Publish(queue, {"three"});
  CHECK(TakeEvents(queue) == Events{Text("one"), Text("two")});
  CHECK(TakeEvents(queue) == Events{Text("three")});
}

TEST_CASE("a take from an empty queue finds nothing, and the batch is empty") {
  DeliveryQueue queue({});
  MessageBatch batch = BatchOf({"old"});
  CHECK(queue.Take(batch).taken == Taken::kNothing);
  CHECK(batch.empty());
}

TEST_CASE("the first message after a take in vain rings, the next does not") {
  DeliveryQueue queue({});
  MessageBatch batch;
  (void)queue.Take(batch);
  CHECK(Publish(queue, {"one"}).ring);
  CHECK_FALSE(Publish(queue, {"two"}).ring);
}

TEST_CASE("a message that nobody waits for does not ring") {
  DeliveryQueue queue({});
  CHECK_FALSE(Publish(queue, {"one"}).ring);
  CHECK(TakeEvents(queue).size() == 1);
  CHECK_FALSE(Publish(queue, {"two"}).ring);
}

TEST_CASE("a consumer that waits is not woken for little while more follows") {
  DeliveryQueue queue({});
  MessageBatch batch;
  (void)queue.Take(batch);
  CHECK_FALSE(queue.Publish(BatchOf({"one"}), true).ring);
  CHECK(queue.Publish(BatchOf({"two"})).ring);
}

TEST_CASE("a consumer that waits is woken for much though more follows") {
  DeliveryQueue queue({});
  MessageBatch batch;
  (void)queue.Take(batch);
  int published = 1;
  while (!queue.Publish(BatchOf({std::string(kBatchBytes, 'x')}), true).ring) ++published;
  CHECK(published == 4);
}

TEST_CASE("a consumer that was not woken for little is still waiting at the end of the turn") {
  DeliveryQueue queue({});
  MessageBatch batch;
  (void)queue.Take(batch);
  CHECK_FALSE(queue.TakeWanted());
  CHECK_FALSE(queue.Publish(BatchOf({"one"}), true).ring);
  CHECK(queue.TakeWanted());
  CHECK_FALSE(queue.TakeWanted());
}

TEST_CASE("the end is found only behind the last batch") {
  DeliveryQueue queue({});
  Publish(queue, {"last"});
  queue.Finish();
  CHECK(queue.finished());
  MessageBatch batch;
  CHECK(queue.Take(batch).taken == Taken::kBatch);
  CHECK(queue.Take(batch).taken == Taken::kFinished);
  CHECK(queue.Take(batch).taken == Taken::kFinished);
}

TEST_CASE("notices are taken all at once, in order, and once") {
  DeliveryQueue queue({});
  queue.Post(Drained{});
  queue.Post(PongReceived{.id = 7, .latency = 1.5});
  const std::vector<Notice> notices = queue.TakeNotices();
  REQUIRE(notices.size() == 2);
  CHECK(std::holds_alternative<Drained>(notices[0]));
  CHECK(std::get<PongReceived>(notices[1]).id == 7);
  CHECK(queue.TakeNotices().empty());
}

TEST_CASE("the latency is the one set last") {
  DeliveryQueue queue({});
  CHECK(queue.latency() == 0);
  queue.SetLatency(3);
  queue.SetLatency(2);
  CHECK(queue.latency() == 2);
}

// --- merging --------------------------------------------------------------------------------------------------------

TEST_CASE("with more than one batch waiting the last is filled further") {
  DeliveryQueue queue({});
  Publish(queue, {"one"});
  Publish(queue, {"two"});
  MessageBatch last = queue.Begin();
  CHECK(Decode(last) == Events{Text("two")});
  test::Append(last, core::MessageKind::kAscii, "three");
  queue.Publish(std::move(last));
  CHECK(TakeEvents(queue) == Events{Text("one")});
  CHECK(TakeEvents(queue) == Events{Text("two"), Text("three")});
}

TEST_CASE("the only batch is JavaScript's to take at any time") {
  DeliveryQueue queue({});
  Publish(queue, {"one"});
  CHECK(queue.Begin().empty());
  CHECK(TakeEvents(queue) == Events{Text("one")});
}

TEST_CASE("a batch that is half full is left alone") {
  DeliveryQueue queue({});
  Publish(queue, {"one"});
  Publish(queue, {std::string(kBatchBytes / 2, 'x')});
  CHECK(queue.Begin().empty());
}

TEST_CASE("a batch that is filled further is counted once") {
  DeliveryQueue queue({});
  Publish(queue, {"one"});
  Publish(queue, {"two"});
  const std::uint64_t before = queue.held();
  queue.Publish(queue.Begin());
  CHECK(queue.held() == before);
}

// --- marks ----------------------------------------------------------------------------------------------------------

TEST_CASE("passing the high mark of messages pauses, once") {
  DeliveryQueue queue({.high_messages = 2, .low_messages = 1});
  CHECK_FALSE(Publish(queue, {"one", "two"}).pause);
  CHECK(Publish(queue, {"three"}).pause);
  CHECK_FALSE(Publish(queue, {"four"}).pause);
}

TEST_CASE("passing the high mark of bytes pauses") {
  DeliveryQueue queue({.high_bytes = 5, .low_bytes = 1});
  CHECK_FALSE(Publish(queue, {"12345"}).pause);
  CHECK(Publish(queue, {"6"}).pause);
}

TEST_CASE("large messages count towards the mark of bytes") {
  DeliveryQueue queue({.high_bytes = 50'000, .low_bytes = 1});
  MessageBatch batch;
  batch.CommitLarge({core::MessageKind::kBinary}, PayloadOf(std::string(100'000, 'x')));
  CHECK(queue.Publish(std::move(batch)).pause);
}

TEST_CASE("without marks nothing pauses") {
  DeliveryQueue queue({});
  for (int i = 0; i < 100; ++i) CHECK_FALSE(Publish(queue, {std::string(kBatchBytes, 'x')}).pause);
}

TEST_CASE("a batch that is taken is held until the next take") {
  DeliveryQueue queue({.high_messages = 1, .low_messages = 1});
  Publish(queue, {"one", "two"});
  Publish(queue, {"three"});
  MessageBatch batch;
  CHECK_FALSE(queue.Take(batch).resume);
  CHECK(queue.Take(batch).resume);
}

TEST_CASE("falling to the low mark resumes, once") {
  DeliveryQueue queue({.high_messages = 2, .low_messages = 1});
  Publish(queue, {"one"});
  Publish(queue, {"two"});
  Publish(queue, {"three"});
  MessageBatch batch;
  CHECK_FALSE(queue.Take(batch).resume);
  CHECK_FALSE(queue.Take(batch).resume);
  CHECK(queue.Take(batch).resume);
  CHECK_FALSE(queue.Take(batch).resume);
}

TEST_CASE("both low marks must be reached") {
  DeliveryQueue queue({.high_messages = 2, .low_messages = 2, .high_bytes = 1'000'000, .low_bytes = 3});
  Publish(queue, {"one", "12345", "x"});
  Publish(queue, {"6789"});
  MessageBatch batch;
  CHECK_FALSE(queue.Take(batch).resume);
  CHECK_FALSE(queue.Take(batch).resume);
  CHECK(queue.Take(batch).resume);
}

TEST_CASE("a release resumes as a take does") {
  DeliveryQueue queue({.high_messages = 0, .low_messages = 0});
  Publish(queue, {"one"});
  MessageBatch batch;
  CHECK_FALSE(queue.Take(batch).resume);
  CHECK(queue.Release(batch));
  CHECK(batch.empty());
  CHECK_FALSE(queue.Release(batch));
}

TEST_CASE("after a resume the high mark pauses again") {
  DeliveryQueue queue({.high_messages = 0, .low_messages = 0});
  Publish(queue, {"one"});
  MessageBatch batch;
  queue.Take(batch);
  queue.Release(batch);
  CHECK(Publish(queue, {"two"}).pause);
}

TEST_CASE("what is held counts the index as well, so that empty messages are not for free") {
  DeliveryQueue queue({});
  Publish(queue, {"", "", ""});
  CHECK(queue.held() == 3 * sizeof(MessageEntry));
  Publish(queue, {"four"});
  CHECK(queue.held() == 4 * sizeof(MessageEntry) + 4);
}

TEST_CASE("what is consumed is held no longer") {
  DeliveryQueue queue({});
  Publish(queue, {"one"});
  Publish(queue, {"three"});
  MessageBatch batch;
  queue.Take(batch);
  queue.Take(batch);
  CHECK(queue.held() == sizeof(MessageEntry) + 5);
  queue.Release(batch);
  CHECK(queue.held() == 0);
}

// --- spares ---------------------------------------------------------------------------------------------------------

TEST_CASE("a batch that was used well comes back as a spare") {
  DeliveryQueue queue({});
  Publish(queue, {std::string(40'000, 'x')});
  MessageBatch batch;
  queue.Take(batch);
  const std::uint8_t* bytes = batch.shared().data();
  queue.Release(batch);
  MessageBatch spare = queue.Begin();
  CHECK(spare.empty());
  CHECK(spare.shared().data() == bytes);
}

TEST_CASE("a large batch that held little is freed") {
  DeliveryQueue queue({});
  MessageBatch batch;
  (void)batch.Reserve(kBatchBytes);
  test::Append(batch, core::MessageKind::kAscii, "small");
  queue.Publish(std::move(batch));
  MessageBatch taken;
  queue.Take(taken);
  queue.Release(taken);
  CHECK(queue.Begin().capacity() == 0);
}

TEST_CASE("a batch that lay in a slab comes back without it, and without a run of its own that nobody used") {
  DeliveryQueue queue({});
  const SlabRef slab = SlabRef::Make();
  for (const std::size_t unused : {std::size_t{0}, kBatchBytes}) {
    MessageBatch batch;
    if (unused > 0) (void)batch.Reserve(unused);
    batch.CommitInPlace({core::MessageKind::kAscii}, slab->bytes().first(10'000), slab);
    queue.Publish(std::move(batch));
    MessageBatch taken;
    queue.Take(taken);
    CHECK_FALSE(slab.IsOnly());
    queue.Release(taken);
    CHECK(slab.IsOnly());
    CHECK(queue.Begin().capacity() == 0);
  }
}

TEST_CASE("what lies in a slab is not filled further") {
  DeliveryQueue queue({});
  const SlabRef slab = SlabRef::Make();
  for (int i = 0; i < 3; ++i) {
    MessageBatch batch;
    batch.CommitInPlace({core::MessageKind::kAscii}, slab->bytes().first(10), slab);
    queue.Publish(std::move(batch));
  }
  CHECK(queue.Begin().empty());
}

TEST_CASE("no more than eight spares are kept") {
  DeliveryQueue queue({});
  for (int i = 0; i < 20; ++i) Publish(queue, {std::string(40'000, 'x')});
  MessageBatch batch;
  while (queue.Take(batch).taken == Taken::kBatch) continue;
  int spares = 0;
  while (queue.Begin().capacity() != 0) ++spares;
  CHECK(spares == 8);
}

TEST_CASE("nothing is spared once the queue is finished") {
  DeliveryQueue queue({});
  Publish(queue, {std::string(40'000, 'x')});
  queue.Finish();
  MessageBatch batch;
  queue.Take(batch);
  queue.Release(batch);
  CHECK(queue.Begin().capacity() == 0);
}

}  // namespace
}  // namespace hawser::reader
