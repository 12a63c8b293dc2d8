// When messages were read: one time for each read, kept by the batches that hold its messages.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "reader/message_writer.h"
#include "test/support/bytes.h"
#include "test/support/reader/batches.h"
#include "test/support/reader/test_bell.h"

namespace hawser::reader {
namespace {

using core::MessageKind;
using Taken = DeliveryQueue::Taken;

// The time of each message of a batch, as JavaScript looks for it.
std::vector<double> TimesOf(const MessageBatch& batch) {
  std::vector<double> times;
  const auto& reads = batch.reads();
  for (std::size_t i = 0, read = 0; i < batch.messages(); ++i) {
    while (read + 1 < reads.size() && reads[read + 1].first <= i) ++read;
    times.push_back(reads.at(read).at);
  }
  return times;
}

struct ReadTimesRig {
  void Write(std::string_view message) {
    std::memcpy(writer.Reserve(message.size()), message.data(), message.size());
    writer.Commit({MessageKind::kAscii}, message.size());
  }
  std::string_view Read(double at, std::string_view bytes) {
    const auto target = writer.Target();
    std::memcpy(target.data(), bytes.data(), bytes.size());
    writer.BeginRead(at);
    writer.BeginInPlace();
    return {reinterpret_cast<const char*>(target.data()), bytes.size()};
  }
  // The times of all messages, batch by batch.
  std::vector<std::vector<double>> Times() {
    std::vector<std::vector<double>> times;
    while (delivery.Take(batch).taken == Taken::kBatch) times.push_back(TimesOf(batch));
    return times;
  }

  DeliveryQueue delivery{{}};
  test::SilentBell bell;
  MessageWriter writer{delivery, bell};
  MessageBatch batch;
};

using Times = std::vector<std::vector<double>>;

TEST_CASE("messages of one read share its time") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write("one");
  rig.Write("two");
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10, 10}});
  CHECK(rig.batch.reads().empty());
}

TEST_CASE("messages of one batch that came with several reads have each its own time") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write("one");
  rig.writer.BeginRead(20);
  rig.Write("two");
  rig.Write("three");
  rig.writer.BeginRead(30);
  rig.Write("four");
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10, 20, 20, 30}});
}

TEST_CASE("reads that ended no message take no place") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.writer.BeginRead(20);
  rig.Write("one");
  for (int at = 30; at < 1000; ++at) rig.writer.BeginRead(at);
  rig.Write("two");
  rig.writer.BeginRead(2000);
  rig.writer.Publish();
  REQUIRE(rig.delivery.Take(rig.batch).taken == Taken::kBatch);
  CHECK(TimesOf(rig.batch) == std::vector<double>{20, 999});
  CHECK(rig.batch.reads().size() == 3);
}

TEST_CASE("a batch begun in the middle of a read has its time") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write(std::string(kBatchBytes, '1'));
  rig.Write("2");
  rig.writer.BeginRead(20);
  rig.Write("3");
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10}, {10, 20}});
}

TEST_CASE("a batch that is filled further keeps the times that it has") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write("1");
  rig.writer.Publish();
  rig.writer.BeginRead(20);
  rig.Write("2");
  rig.writer.Publish();
  rig.writer.BeginRead(30);
  rig.writer.BeginRead(40);
  rig.Write("3");
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10}, {20, 40}});
}

TEST_CASE("a batch that is looked at in vain to be filled further keeps its times") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write("1");
  rig.writer.Publish();
  rig.writer.BeginRead(20);
  rig.Write(std::string(20'000, '2'));
  rig.writer.Publish();
  rig.writer.BeginRead(30);
  rig.Write(std::string(kBatchBytes, '3'));
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10}, {20}, {30}});
}

TEST_CASE("a spare has no times of what it was used for before") {
  ReadTimesRig rig;
  for (const double at : {10.0, 20.0}) {
    rig.writer.BeginRead(at);
    rig.Write(std::string(40'000, 'x'));
    rig.writer.Publish();
    REQUIRE(rig.delivery.Take(rig.batch).taken == Taken::kBatch);
    CHECK(TimesOf(rig.batch) == std::vector{at});
    CHECK(rig.batch.reads().size() == 1);
    rig.delivery.Release(rig.batch);
  }
}

TEST_CASE("messages that lie where they were read have the time of that read, and those made elsewhere theirs") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write("first");
  const auto read = rig.Read(20, "onetwo");
  CHECK(rig.writer.CommitInPlace({MessageKind::kBinary}, test::AsSpan(read.substr(0, 3))));
  CHECK(rig.writer.CommitInPlace({MessageKind::kBinary}, test::AsSpan(read.substr(3))));
  rig.Write("between");
  rig.writer.EndInPlace();
  rig.writer.BeginRead(30);
  rig.Write("last");
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10}, {20, 20}, {20, 30}});
}

TEST_CASE("messages that are copied out of a big read keep its time") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.Write("first");
  rig.writer.Publish();
  rig.Write("second");
  rig.writer.Publish();
  const auto read = rig.Read(20, std::string(kBatchBytes, 'r'));
  CHECK(rig.writer.CommitInPlace({MessageKind::kBinary}, test::AsSpan(read.substr(1000, 1))));
  rig.writer.EndInPlace();
  rig.writer.BeginRead(30);
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{10}, {10, 20}});
}

TEST_CASE("a large message has the time of the read that ended it") {
  ReadTimesRig rig;
  rig.writer.BeginRead(10);
  rig.writer.BeginRead(20);
  rig.writer.CommitLarge({MessageKind::kBinary}, test::PayloadOf(std::string(100'000, 'L')));
  rig.writer.Publish();
  CHECK(rig.Times() == Times{{20}});
}

TEST_CASE("what is to be seen no later than messages is told before they are published, in the middle of a turn too") {
  DeliveryQueue delivery({});
  test::SilentBell bell;
  std::vector<std::uint64_t> published;
  MessageWriter writer(delivery, bell, [&] { published.push_back(delivery.queue_stats().messages); });
  const auto write = [&](std::size_t size) {
    (void)writer.Reserve(size);
    writer.Commit({MessageKind::kBinary}, size);
  };
  write(kBatchBytes);
  CHECK(published.empty());
  write(1);
  CHECK(published == std::vector<std::uint64_t>{0});
  writer.Publish();
  CHECK(published == std::vector<std::uint64_t>{0, 1});
  writer.Publish();
  CHECK(published.size() == 2);
}

}  // namespace
}  // namespace hawser::reader
