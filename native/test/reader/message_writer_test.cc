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

class CountingBell final : public Bell {
 public:
  void Ring(std::uint32_t ready) noexcept override {
    CHECK(ready == kReadyMessages);
    ++count;
  }
  int count = 0;
};

struct Room {
  explicit Room(const QueueMarks& marks = {}) : delivery(marks), writer(delivery, bell) {}

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
  CountingBell bell;
  MessageWriter writer;
  MessageBatch batch;
  Events events;
};

TEST_CASE("what is written is published together") {
  Room room;
  room.Write("one");
  room.Write("two");
  CHECK(room.Batches() == 0);
  room.writer.Publish();
  CHECK(room.Batches() == 1);
  CHECK(room.events == Events{Text("one"), Text("two")});
}

TEST_CASE("publishing nothing does nothing") {
  Room room;
  (void)room.Batches();
  room.writer.Publish();
  CHECK(room.bell.count == 0);
  CHECK(room.Batches() == 0);
}

TEST_CASE("a batch of which nothing came is not published") {
  Room room;
  (void)room.Batches();
  (void)room.writer.Reserve(10);
  CHECK_FALSE(room.writer.Publish());
  CHECK(room.bell.count == 0);
  CHECK(room.delivery.Take(room.batch).taken == Taken::kNothing);
}

TEST_CASE("rings if JavaScript waits, once") {
  Room room;
  (void)room.Batches();
  room.Write("one");
  room.writer.Publish();
  room.Write("two");
  room.writer.Publish();
  CHECK(room.bell.count == 1);
}

TEST_CASE("a full batch is published at once") {
  Room room;
  room.Write(std::string(kBatchBytes, '1'));
  CHECK(room.Batches() == 0);
  room.Write("2");
  CHECK(room.Batches() == 1);
  room.writer.Publish();
  CHECK(room.Batches() == 1);
  CHECK(room.events == Events{Text(std::string(kBatchBytes, '1')), Text("2")});
}

TEST_CASE("a waiting consumer is woken at the end of the turn rather than for the first full batch") {
  Room room;
  (void)room.Batches();
  room.Write(std::string(kBatchBytes, '1'));
  room.Write("2");
  CHECK(room.bell.count == 0);
  CHECK(room.writer.Publish());
  CHECK(room.bell.count == 1);
  CHECK(room.Batches() == 2);
}

TEST_CASE("a full batch is rung for at the end of the turn though nothing came of the one behind it") {
  Room room;
  (void)room.Batches();
  room.Write(std::string(kBatchBytes, '1'));
  (void)room.writer.Reserve(10);
  CHECK(room.bell.count == 0);
  CHECK(room.writer.Publish());
  CHECK(room.bell.count == 1);
  CHECK_FALSE(room.writer.Publish());
  CHECK(room.bell.count == 1);
}

TEST_CASE("a full batch that was taken before the end of the turn is not rung for") {
  Room room;
  (void)room.Batches();
  room.Write(std::string(kBatchBytes, '1'));
  (void)room.writer.Reserve(10);
  CHECK(room.Batches() == 1);
  CHECK_FALSE(room.writer.Publish());
  CHECK(room.bell.count == 0);
}

TEST_CASE("a waiting consumer is woken for much in the middle of a turn") {
  Room room;
  (void)room.Batches();
  for (int i = 0; i < 5; ++i) room.Write(std::string(kBatchBytes, 'x'));
  CHECK(room.bell.count == 1);
}

TEST_CASE("a batch with no entry left is published at once, also for a large message") {
  Room room;
  for (std::size_t i = 0; i < kBatchMessages; ++i) room.Write("");
  room.writer.CommitLarge({MessageKind::kBinary}, PayloadOf(std::string(50'000, 'L')));
  room.writer.Publish();
  CHECK(room.Batches() == 2);
  CHECK(room.events.size() == kBatchMessages + 1);
  CHECK(room.events.back() == Binary(std::string(50'000, 'L')));
}

TEST_CASE("what JavaScript does not take is merged into few batches") {
  Room room;
  for (int i = 0; i < 1000; ++i) {
    room.Write(std::to_string(i));
    room.writer.Publish();
  }
  CHECK(room.Batches() == 2);
  REQUIRE(room.events.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(room.events[static_cast<std::size_t>(i)] == Text(std::to_string(i)));
}

TEST_CASE("a message that does not fit into the batch to be filled further begins another") {
  Room room;
  room.Write("one");
  room.writer.Publish();
  room.Write(std::string(20'000, '2'));
  room.writer.Publish();
  room.Write(std::string(kBatchBytes, '3'));
  room.writer.Publish();
  CHECK(room.Batches() == 3);
  CHECK(room.events == Events{Text("one"), Text(std::string(20'000, '2')), Text(std::string(kBatchBytes, '3'))});
}

TEST_CASE("a batch with no entry left is not filled further") {
  Room room;
  room.Write("one");
  room.writer.Publish();
  for (std::size_t i = 0; i < kBatchMessages; ++i) room.Write("");
  room.writer.Publish();
  room.Write("last");
  room.writer.Publish();
  CHECK(room.Batches() == 3);
  CHECK(room.events.back() == Text("last"));
}

TEST_CASE("what is held is the same before and after publishing, and while a batch is filled further") {
  Room room;
  std::uint64_t held = 0;
  for (const std::string message : {"one", "two", "three"}) {
    held += message.size() + sizeof(MessageEntry);
    room.Write(message);
    CHECK(room.writer.held() >= held);
    const std::uint64_t unpublished = room.writer.held();
    room.writer.Publish();
    CHECK(room.writer.held() == unpublished);
  }
}

TEST_CASE("tells once that a mark was passed") {
  Room room({.high_messages = 1, .low_messages = 1});
  room.Write("one");
  room.writer.Publish();
  CHECK_FALSE(room.writer.TakePause());
  room.Write("two");
  room.writer.Publish();
  CHECK(room.writer.TakePause());
  CHECK_FALSE(room.writer.TakePause());
}

TEST_CASE("a mark passed in the middle of a turn is told at its end") {
  Room room({.high_bytes = kBatchBytes / 2, .low_bytes = 1});
  room.Write(std::string(kBatchBytes, '1'));
  room.Write("2");
  room.writer.Publish();
  CHECK(room.writer.TakePause());
}

TEST_CASE("messages in what was read are taken where they lie") {
  Room room;
  const auto read = room.Read("..one..two..");
  CHECK(room.TakeInPlace(read.substr(2, 3)));
  CHECK(room.TakeInPlace(read.substr(7, 3)));
  room.writer.EndInPlace();
  room.writer.Publish();
  CHECK(room.Batches() == 1);
  CHECK(room.events == Events{Binary("one"), Binary("two")});
}

TEST_CASE("a message made elsewhere keeps its place among those where they lie") {
  Room room;
  room.Write("first");
  const auto read = room.Read("onetwo");
  CHECK(room.TakeInPlace(read.substr(0, 3)));
  room.Write("between");
  CHECK_FALSE(room.TakeInPlace(read.substr(3, 3)));
  room.Write("two");
  room.writer.EndInPlace();
  room.Write("last");
  room.writer.Publish();
  (void)room.Batches();
  CHECK(room.events == Events{Text("first"), Binary("one"), Text("between"), Text("two"), Text("last")});
}

TEST_CASE("a big message stays where it lies also behind one made elsewhere") {
  Room room;
  const std::string big(20'000, 'b');
  room.Write("first");
  const auto read = room.Read("one" + big);
  room.Write("between");
  CHECK_FALSE(room.TakeInPlace(read.substr(0, 3)));
  room.Write("one");
  CHECK(room.TakeInPlace(read.substr(3)));
  room.writer.EndInPlace();
  room.writer.Publish();
  (void)room.Batches();
  CHECK(room.events == Events{Text("first"), Text("between"), Text("one"), Binary(big)});
}

TEST_CASE("messages of a middle size that follow others made elsewhere are not each a batch") {
  Room room;
  const std::string middle(kDirectMessage, 'm');
  std::string bytes;
  while (bytes.size() < 2 * kBatchBytes) bytes += middle;
  const auto read = room.Read(bytes);
  int in_place = 0;
  for (std::size_t at = 0; at < read.size(); at += middle.size()) {
    room.Write("elsewhere");
    if (room.TakeInPlace(read.substr(at, middle.size()))) {
      ++in_place;
    } else {
      room.Write(middle);
    }
  }
  room.writer.EndInPlace();
  room.writer.Publish();
  CHECK(in_place > 0);
  CHECK(room.Batches() < 10);
  CHECK(room.events.size() == 2 * bytes.size() / middle.size());
}

TEST_CASE("a large binary message is not left where it lies, a large text is") {
  Room room;
  const std::string large(core::kLargeMessage + 1, 'L');
  const auto read = room.Read(large);
  CHECK_FALSE(room.TakeInPlace(read));
  CHECK(room.TakeInPlace(read, MessageKind::kAscii));
  room.writer.EndInPlace();
  CHECK(room.Batches() == 1);
  CHECK(room.events == Events{Text(large)});
}

TEST_CASE("what batches refer to stays as it is, however much is read meanwhile") {
  Room room;
  std::vector<MessageBatch> kept;
  for (char c = 'a'; c <= 'z'; ++c) {
    const auto read = room.Read(std::string(200'000, c));
    CHECK(room.TakeInPlace(read, MessageKind::kAscii));
    room.writer.EndInPlace();
    MessageBatch batch;
    REQUIRE(room.delivery.Take(batch).taken == Taken::kBatch);
    kept.push_back(std::move(batch));
  }
  room.writer.DropTarget();
  for (char c = 'a'; c <= 'z'; ++c) {
    CHECK((Decode(kept[static_cast<std::size_t>(c - 'a')]) == Events{Text(std::string(200'000, c))}));
  }
}

TEST_CASE("few messages hold one slab, however often slabs are given back and wanted again") {
  Room room;
  std::set<std::size_t> megabytes;
  for (int i = 0; i < 1000; ++i) {
    const auto read = room.Read(std::string(200'000, 'r'));
    megabytes.insert(reinterpret_cast<std::uintptr_t>(read.data()) / Slab::kSize);
    CHECK(room.TakeInPlace(read.substr(2, 2)));
    room.writer.EndInPlace();
    CHECK_FALSE(room.writer.DropTarget());
  }
  CHECK(megabytes.size() <= 2);  // a slab may lie across a border
  CHECK(room.Batches() == 1000);
  room.batch.Clear();
  CHECK(room.writer.DropTarget());
}

TEST_CASE("memory is read into again once nothing refers to it") {
  Room room;
  std::set<const char*> targets;
  for (int i = 0; i < 1000; ++i) {
    const auto read = room.Read(std::string(100'000, 'r'));
    targets.insert(read.data());
    CHECK(room.TakeInPlace(read, MessageKind::kAscii));
    room.writer.EndInPlace();
    CHECK(room.Batches() == 1);
  }
  CHECK(targets.size() <= 2 * Slab::kSize / 100'000);
}

TEST_CASE("there is always room for a quarter of a slab") {
  Room room;
  for (int i = 0; i < 100; ++i) {
    CHECK(room.writer.Target().size() >= Slab::kSize / 4);
    const auto read = room.Read(std::string(30'000, 'r'));
    CHECK(room.TakeInPlace(read));
    room.writer.EndInPlace();
  }
}

TEST_CASE("no batch reaches over more than is decoded in one go") {
  Room room;
  const std::string big(kDirectMessage, 'b');
  std::string bytes;
  while (bytes.size() < 2 * kBatchReach) bytes += big;
  const auto read = room.Read(bytes);
  for (std::size_t at = 0; at < read.size(); at += big.size()) CHECK(room.TakeInPlace(read.substr(at, big.size())));
  room.writer.EndInPlace();
  CHECK(room.Batches() == 2);
  CHECK(room.events.size() == read.size() / big.size());
}

TEST_CASE("no batch has more in small messages than goes to JavaScript at once") {
  Room room;
  const std::string big(kDirectMessage + 1, 'b');
  const std::string small(kDirectMessage - 1, 's');
  std::string bytes;
  while (bytes.size() < 3 * kBatchBytes) bytes += big + small;
  const auto read = room.Read(bytes);
  for (std::size_t at = 0; at < read.size(); at += big.size() + small.size()) {
    CHECK(room.TakeInPlace(read.substr(at, big.size())));
    CHECK(room.TakeInPlace(read.substr(at + big.size(), small.size())));
  }
  room.writer.EndInPlace();
  while (room.delivery.Take(room.batch).taken == Taken::kBatch) {
    CHECK(room.batch.shared().size() - room.batch.direct_bytes() <= kBatchBytes);
  }
}

TEST_CASE("what was published before is not filled further while something is being looked at") {
  Room room;
  for (const char* message : {"1", "2", "3"}) {
    room.Write(message);
    room.writer.Publish();
  }
  const auto read = room.Read(std::string(kBatchBytes, 'r'));
  CHECK(room.TakeInPlace(read.substr(0, 1)));
  room.Write("last");
  room.writer.EndInPlace();
  room.writer.Publish();
  (void)room.Batches();
  CHECK(room.events == Events{Text("1"), Text("2"), Text("3"), Binary("r"), Text("last")});
}

TEST_CASE("where no message lay whole is read into again, and not published") {
  Room room;
  const auto* target = room.Read("half a message").data();
  room.writer.EndInPlace();
  CHECK(reinterpret_cast<const char*>(room.writer.Target().data()) == target);
  room.writer.Publish();
  CHECK(room.Batches() == 0);
  (void)room.Read(std::string(kBatchBytes, 'r'));
  room.Write("elsewhere");
  room.writer.EndInPlace();
  room.writer.Publish();
  CHECK(room.Batches() == 1);
  CHECK(room.events == Events{Text("elsewhere")});
}

TEST_CASE("the memory of a big read is not held by a few messages in it") {
  Room room;
  room.Write("first");
  room.writer.Publish();
  room.Write("second");
  room.writer.Publish();
  for (int i = 0; i < 100; ++i) {
    const auto read = room.Read(std::string(kBatchBytes, 'r'));
    const auto* target = read.data();
    CHECK(room.TakeInPlace(read.substr(1000, 1)));
    room.Write("elsewhere");
    room.writer.EndInPlace();
    room.writer.Publish();
    CHECK(reinterpret_cast<const char*>(room.writer.Target().data()) == target);
  }
  CHECK(room.Batches() == 2);
  REQUIRE(room.events.size() == 202);
  CHECK(room.events[200] == Binary("r"));
  CHECK(room.events[201] == Text("elsewhere"));
}

TEST_CASE("a large message among much else keeps an allocation of its own") {
  Room room;
  const std::string large(2 * kBatchBytes, 'L');
  const auto read = room.Read(std::string(5 * kBatchBytes, 'r') + large + "s");
  CHECK(room.TakeInPlace(read.substr(5 * kBatchBytes, large.size()), MessageKind::kAscii));
  CHECK(room.TakeInPlace(read.substr(read.size() - 1)));
  room.writer.EndInPlace();
  room.writer.Publish();
  CHECK(room.Batches() == 1);
  CHECK((room.events == Events{Text(large), Binary("s")}));
}

TEST_CASE("large messages are not gathered into ever bigger batches") {
  Room room;
  for (int i = 0; i < 10; ++i) {
    room.writer.CommitLarge({MessageKind::kBinary}, PayloadOf(std::string(kBatchBytes, 'L')));
    room.writer.Publish();
  }
  CHECK(room.Batches() == 10);
}

TEST_CASE("no batch has more messages in place than an index holds") {
  Room room;
  const auto read = room.Read("r");
  for (std::size_t i = 0; i < kBatchMessages + 1; ++i) CHECK(room.TakeInPlace(read));
  room.writer.EndInPlace();
  CHECK(room.Batches() == 2);
  CHECK(room.events.size() == kBatchMessages + 1);
}

}  // namespace
}  // namespace hawser::reader
