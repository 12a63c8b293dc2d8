// From the protocol's events to batches: when they are published, rung for and what is left to the next one.
#include "reader/message_writer.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "test/support/reader/application.h"
#include "test/support/reader/batches.h"
#include "test/support/reader/test_bell.h"

namespace hawser::reader {
namespace {

using core::MessageKind;
using Taken = DeliveryQueue::Taken;
using test::Binary;
using test::Decode;
using test::Event;
using test::Events;
using test::PayloadOf;
using test::Text;

struct WriterRig {
  explicit WriterRig(const QueueMarks& marks = {}) : delivery(marks), writer(delivery, bell) {}

  void Write(std::string_view message) {
    std::uint8_t* room = writer.Reserve(message.size());
    if (!message.empty()) std::memcpy(room, message.data(), message.size());
    writer.Commit({MessageKind::kAscii}, message.size());
  }
  // Puts `bytes` where a read would and begins to look at them.
  std::string_view Read(std::string_view bytes) {
    const auto target = writer.Target();
    std::memcpy(target.data(), bytes.data(), bytes.size());
    writer.BeginInPlace();
    return {reinterpret_cast<const char*>(target.data()), bytes.size()};
  }
  bool TakeInPlace(std::string_view message, MessageKind kind = MessageKind::kBinary) {
    return writer.CommitInPlace({kind}, test::AsSpan(message));
  }
  std::size_t Batches() {
    std::size_t count = 0;
    while (delivery.Take(batch).taken == Taken::kBatch) {
      ++count;
      for (Event& event : Decode(batch)) events.push_back(std::move(event));
    }
    return count;
  }

  DeliveryQueue delivery;
  test::CountingBell bell{kReadyMessages};
  MessageWriter writer;
  MessageBatch batch;
  Events events;
};

TEST_CASE("what is written is published together") {
  WriterRig rig;
  rig.Write("one");
  rig.Write("two");
  CHECK(rig.Batches() == 0);
  rig.writer.Publish();
  CHECK(rig.Batches() == 1);
  CHECK(rig.events == Events{Text("one"), Text("two")});
}

TEST_CASE("publishing nothing does nothing") {
  WriterRig rig;
  (void)rig.Batches();
  rig.writer.Publish();
  CHECK(rig.bell.count == 0);
  CHECK(rig.Batches() == 0);
}

TEST_CASE("a batch of which nothing came is not published") {
  WriterRig rig;
  (void)rig.Batches();
  (void)rig.writer.Reserve(10);
  CHECK_FALSE(rig.writer.Publish());
  CHECK(rig.bell.count == 0);
  CHECK(rig.delivery.Take(rig.batch).taken == Taken::kNothing);
}

TEST_CASE("rings if JavaScript waits, once") {
  WriterRig rig;
  (void)rig.Batches();
  rig.Write("one");
  rig.writer.Publish();
  rig.Write("two");
  rig.writer.Publish();
  CHECK(rig.bell.count == 1);
}

TEST_CASE("a full batch is published at once") {
  WriterRig rig;
  rig.Write(std::string(kBatchBytes, '1'));
  CHECK(rig.Batches() == 0);
  rig.Write("2");
  CHECK(rig.Batches() == 1);
  rig.writer.Publish();
  CHECK(rig.Batches() == 1);
  CHECK(rig.events == Events{Text(std::string(kBatchBytes, '1')), Text("2")});
}

TEST_CASE("a waiting consumer is woken at the end of the turn rather than for the first full batch") {
  WriterRig rig;
  (void)rig.Batches();
  rig.Write(std::string(kBatchBytes, '1'));
  rig.Write("2");
  CHECK(rig.bell.count == 0);
  CHECK(rig.writer.Publish());
  CHECK(rig.bell.count == 1);
  CHECK(rig.Batches() == 2);
}

TEST_CASE("a full batch is rung for at the end of the turn though nothing came of the one behind it") {
  WriterRig rig;
  (void)rig.Batches();
  rig.Write(std::string(kBatchBytes, '1'));
  (void)rig.writer.Reserve(10);
  CHECK(rig.bell.count == 0);
  CHECK(rig.writer.Publish());
  CHECK(rig.bell.count == 1);
  CHECK_FALSE(rig.writer.Publish());
  CHECK(rig.bell.count == 1);
}

TEST_CASE("a full batch that was taken before the end of the turn is not rung for") {
  WriterRig rig;
  (void)rig.Batches();
  rig.Write(std::string(kBatchBytes, '1'));
  (void)rig.writer.Reserve(10);
  CHECK(rig.Batches() == 1);
  CHECK_FALSE(rig.writer.Publish());
  CHECK(rig.bell.count == 0);
}

TEST_CASE("a waiting consumer is woken for much in the middle of a turn") {
  WriterRig rig;
  (void)rig.Batches();
  for (int i = 0; i < 5; ++i) rig.Write(std::string(kBatchBytes, 'x'));
  CHECK(rig.bell.count == 1);
}

TEST_CASE("a batch with no entry left is published at once, also for a large message") {
  WriterRig rig;
  for (std::size_t i = 0; i < kBatchMessages; ++i) rig.Write("");
  rig.writer.CommitLarge({MessageKind::kBinary}, PayloadOf(std::string(50'000, 'L')));
  rig.writer.Publish();
  CHECK(rig.Batches() == 2);
  CHECK(rig.events.size() == kBatchMessages + 1);
  CHECK(rig.events.back() == Binary(std::string(50'000, 'L')));
}

TEST_CASE("what JavaScript does not take is merged into few batches") {
  WriterRig rig;
  for (int i = 0; i < 1000; ++i) {
    rig.Write(std::to_string(i));
    rig.writer.Publish();
  }
  CHECK(rig.Batches() == 2);
  REQUIRE(rig.events.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(rig.events[static_cast<std::size_t>(i)] == Text(std::to_string(i)));
}

TEST_CASE("a message that does not fit into the batch to be filled further begins another") {
  WriterRig rig;
  rig.Write("one");
  rig.writer.Publish();
  rig.Write(std::string(20'000, '2'));
  rig.writer.Publish();
  rig.Write(std::string(kBatchBytes, '3'));
  rig.writer.Publish();
  CHECK(rig.Batches() == 3);
  CHECK(rig.events == Events{Text("one"), Text(std::string(20'000, '2')), Text(std::string(kBatchBytes, '3'))});
}

TEST_CASE("a batch with no entry left is not filled further") {
  WriterRig rig;
  rig.Write("one");
  rig.writer.Publish();
  for (std::size_t i = 0; i < kBatchMessages; ++i) rig.Write("");
  rig.writer.Publish();
  rig.Write("last");
  rig.writer.Publish();
  CHECK(rig.Batches() == 3);
  CHECK(rig.events.back() == Text("last"));
}

TEST_CASE("what is held is the same before and after publishing, and while a batch is filled further") {
  WriterRig rig;
  std::uint64_t held = 0;
  for (const std::string message : {"one", "two", "three"}) {
    held += message.size() + sizeof(MessageEntry);
    rig.Write(message);
    CHECK(rig.writer.held() >= held);
    const std::uint64_t unpublished = rig.writer.held();
    rig.writer.Publish();
    CHECK(rig.writer.held() == unpublished);
  }
}

TEST_CASE("tells once that a mark was passed") {
  WriterRig rig({.high_messages = 1, .low_messages = 1});
  rig.Write("one");
  rig.writer.Publish();
  CHECK_FALSE(rig.writer.TakePause());
  rig.Write("two");
  rig.writer.Publish();
  CHECK(rig.writer.TakePause());
  CHECK_FALSE(rig.writer.TakePause());
}

TEST_CASE("a mark passed in the middle of a turn is told at its end") {
  WriterRig rig({.high_bytes = kBatchBytes / 2, .low_bytes = 1});
  rig.Write(std::string(kBatchBytes, '1'));
  rig.Write("2");
  rig.writer.Publish();
  CHECK(rig.writer.TakePause());
}

TEST_CASE("messages in what was read are taken where they lie") {
  WriterRig rig;
  const auto read = rig.Read("..one..two..");
  CHECK(rig.TakeInPlace(read.substr(2, 3)));
  CHECK(rig.TakeInPlace(read.substr(7, 3)));
  rig.writer.EndInPlace();
  rig.writer.Publish();
  CHECK(rig.Batches() == 1);
  CHECK(rig.events == Events{Binary("one"), Binary("two")});
}

TEST_CASE("a message made elsewhere keeps its place among those where they lie") {
  WriterRig rig;
  rig.Write("first");
  const auto read = rig.Read("onetwo");
  CHECK(rig.TakeInPlace(read.substr(0, 3)));
  rig.Write("between");
  CHECK_FALSE(rig.TakeInPlace(read.substr(3, 3)));
  rig.Write("two");
  rig.writer.EndInPlace();
  rig.Write("last");
  rig.writer.Publish();
  (void)rig.Batches();
  CHECK(rig.events == Events{Text("first"), Binary("one"), Text("between"), Text("two"), Text("last")});
}

TEST_CASE("a big message stays where it lies also behind one made elsewhere") {
  WriterRig rig;
  const std::string big(20'000, 'b');
  rig.Write("first");
  const auto read = rig.Read("one" + big);
  rig.Write("between");
  CHECK_FALSE(rig.TakeInPlace(read.substr(0, 3)));
  rig.Write("one");
  CHECK(rig.TakeInPlace(read.substr(3)));
  rig.writer.EndInPlace();
  rig.writer.Publish();
  (void)rig.Batches();
  CHECK(rig.events == Events{Text("first"), Text("between"), Text("one"), Binary(big)});
}

TEST_CASE("messages of a middle size that follow others made elsewhere are not each a batch") {
  WriterRig rig;
  const std::string middle(kDirectMessage, 'm');
  std::string bytes;
  while (bytes.size() < 2 * kBatchBytes) bytes += middle;
  const auto read = rig.Read(bytes);
  int in_place = 0;
  for (std::size_t at = 0; at < read.size(); at += middle.size()) {
    rig.Write("elsewhere");
    if (rig.TakeInPlace(read.substr(at, middle.size()))) {
      ++in_place;
    } else {
      rig.Write(middle);
    }
  }
  rig.writer.EndInPlace();
  rig.writer.Publish();
  CHECK(in_place > 0);
  CHECK(rig.Batches() < 10);
  CHECK(rig.events.size() == 2 * bytes.size() / middle.size());
}

TEST_CASE("a large binary message is not left where it lies, a large text is") {
  WriterRig rig;
  const std::string large(core::kLargeMessage + 1, 'L');
  const auto read = rig.Read(large);
  CHECK_FALSE(rig.TakeInPlace(read));
  CHECK(rig.TakeInPlace(read, MessageKind::kAscii));
  rig.writer.EndInPlace();
  CHECK(rig.Batches() == 1);
  CHECK(rig.events == Events{Text(large)});
}

TEST_CASE("what batches refer to stays as it is, however much is read meanwhile") {
  WriterRig rig;
  std::vector<MessageBatch> kept;
  for (char c = 'a'; c <= 'z'; ++c) {
    const auto read = rig.Read(std::string(200'000, c));
    CHECK(rig.TakeInPlace(read, MessageKind::kAscii));
    rig.writer.EndInPlace();
    MessageBatch batch;
    REQUIRE(rig.delivery.Take(batch).taken == Taken::kBatch);
    kept.push_back(std::move(batch));
  }
  rig.writer.DropTarget();
  for (char c = 'a'; c <= 'z'; ++c) {
    CHECK((Decode(kept[static_cast<std::size_t>(c - 'a')]) == Events{Text(std::string(200'000, c))}));
  }
}

TEST_CASE("few messages hold one slab, however often slabs are given back and wanted again") {
  WriterRig rig;
  std::set<std::size_t> megabytes;
  for (int i = 0; i < 1000; ++i) {
    const auto read = rig.Read(std::string(200'000, 'r'));
    megabytes.insert(reinterpret_cast<std::uintptr_t>(read.data()) / Slab::kSize);
    CHECK(rig.TakeInPlace(read.substr(2, 2)));
    rig.writer.EndInPlace();
    CHECK_FALSE(rig.writer.DropTarget());
  }
  CHECK(megabytes.size() <= 2);  // a slab may lie across a border
  CHECK(rig.Batches() == 1000);
  rig.batch.Clear();
  CHECK(rig.writer.DropTarget());
}

TEST_CASE("memory is read into again once nothing refers to it") {
  WriterRig rig;
  std::set<const char*> targets;
  for (int i = 0; i < 1000; ++i) {
    const auto read = rig.Read(std::string(100'000, 'r'));
    targets.insert(read.data());
    CHECK(rig.TakeInPlace(read, MessageKind::kAscii));
    rig.writer.EndInPlace();
    CHECK(rig.Batches() == 1);
  }
  CHECK(targets.size() <= 2 * Slab::kSize / 100'000);
}

TEST_CASE("there is always room for a quarter of a slab") {
  WriterRig rig;
  for (int i = 0; i < 100; ++i) {
    CHECK(rig.writer.Target().size() >= Slab::kSize / 4);
    const auto read = rig.Read(std::string(30'000, 'r'));
    CHECK(rig.TakeInPlace(read));
    rig.writer.EndInPlace();
  }
}

TEST_CASE("no batch reaches over more than is decoded in one go") {
  WriterRig rig;
  const std::string big(kDirectMessage, 'b');
  std::string bytes;
  while (bytes.size() < 2 * kBatchReach) bytes += big;
  const auto read = rig.Read(bytes);
  for (std::size_t at = 0; at < read.size(); at += big.size()) CHECK(rig.TakeInPlace(read.substr(at, big.size())));
  rig.writer.EndInPlace();
  CHECK(rig.Batches() == 2);
  CHECK(rig.events.size() == read.size() / big.size());
}

TEST_CASE("no batch has more in small messages than goes to JavaScript at once") {
  WriterRig rig;
  const std::string big(kDirectMessage + 1, 'b');
  const std::string small(kDirectMessage - 1, 's');
  std::string bytes;
  while (bytes.size() < 3 * kBatchBytes) bytes += big + small;
  const auto read = rig.Read(bytes);
  for (std::size_t at = 0; at < read.size(); at += big.size() + small.size()) {
    CHECK(rig.TakeInPlace(read.substr(at, big.size())));
    CHECK(rig.TakeInPlace(read.substr(at + big.size(), small.size())));
  }
  rig.writer.EndInPlace();
  while (rig.delivery.Take(rig.batch).taken == Taken::kBatch) {
    CHECK(rig.batch.shared().size() - rig.batch.direct_bytes() <= kBatchBytes);
  }
}

TEST_CASE("what was published before is not filled further while something is being looked at") {
  WriterRig rig;
  for (const char* message : {"1", "2", "3"}) {
    rig.Write(message);
    rig.writer.Publish();
  }
  const auto read = rig.Read(std::string(kBatchBytes, 'r'));
  CHECK(rig.TakeInPlace(read.substr(0, 1)));
  rig.Write("last");
  rig.writer.EndInPlace();
  rig.writer.Publish();
  (void)rig.Batches();
  CHECK(rig.events == Events{Text("1"), Text("2"), Text("3"), Binary("r"), Text("last")});
}

TEST_CASE("where no message lay whole is read into again, and not published") {
  WriterRig rig;
  const auto* target = rig.Read("half a message").data();
  rig.writer.EndInPlace();
  CHECK(reinterpret_cast<const char*>(rig.writer.Target().data()) == target);
  rig.writer.Publish();
  CHECK(rig.Batches() == 0);
  (void)rig.Read(std::string(kBatchBytes, 'r'));
  rig.Write("elsewhere");
  rig.writer.EndInPlace();
  rig.writer.Publish();
  CHECK(rig.Batches() == 1);
  CHECK(rig.events == Events{Text("elsewhere")});
}

TEST_CASE("the memory of a big read is not held by a few messages in it") {
  WriterRig rig;
  rig.Write("first");
  rig.writer.Publish();
  rig.Write("second");
  rig.writer.Publish();
  for (int i = 0; i < 100; ++i) {
    const auto read = rig.Read(std::string(kBatchBytes, 'r'));
    const auto* target = read.data();
    CHECK(rig.TakeInPlace(read.substr(1000, 1)));
    rig.Write("elsewhere");
    rig.writer.EndInPlace();
    rig.writer.Publish();
    CHECK(reinterpret_cast<const char*>(rig.writer.Target().data()) == target);
  }
  CHECK(rig.Batches() == 2);
  REQUIRE(rig.events.size() == 202);
  CHECK(rig.events[200] == Binary("r"));
  CHECK(rig.events[201] == Text("elsewhere"));
}

TEST_CASE("a large message among much else keeps an allocation of its own") {
  WriterRig rig;
  const std::string large(2 * kBatchBytes, 'L');
  const auto read = rig.Read(std::string(5 * kBatchBytes, 'r') + large + "s");
  CHECK(rig.TakeInPlace(read.substr(5 * kBatchBytes, large.size()), MessageKind::kAscii));
  CHECK(rig.TakeInPlace(read.substr(read.size() - 1)));
  rig.writer.EndInPlace();
  rig.writer.Publish();
  CHECK(rig.Batches() == 1);
  CHECK((rig.events == Events{Text(large), Binary("s")}));
}

TEST_CASE("large messages are not gathered into ever bigger batches") {
  WriterRig rig;
  for (int i = 0; i < 10; ++i) {
    rig.writer.CommitLarge({MessageKind::kBinary}, PayloadOf(std::string(kBatchBytes, 'L')));
    rig.writer.Publish();
  }
  CHECK(rig.Batches() == 10);
}

TEST_CASE("no batch has more messages in place than an index holds") {
  WriterRig rig;
  const auto read = rig.Read("r");
  for (std::size_t i = 0; i < kBatchMessages + 1; ++i) CHECK(rig.TakeInPlace(read));
  rig.writer.EndInPlace();
  CHECK(rig.Batches() == 2);
  CHECK(rig.events.size() == kBatchMessages + 1);
}

}  // namespace
}  // namespace hawser::reader
