// What one wake delivers, byte by byte as JavaScript reads it.
#include "reader/message_batch.h"

#include <doctest/doctest.h>

#include <string>

#include "test/support/reader/application.h"
#include "test/support/reader/batches.h"

namespace hawser::reader {
namespace {

using core::MessageKind;
using test::Append;
using test::Binary;
using test::Decode;
using test::Events;
using test::PayloadOf;
using test::Text;

TEST_CASE("messages stand one after the other, each with its offset, kind and size") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, "ab");
  Append(batch, MessageKind::kBinary, "cdef");
  REQUIRE(batch.index().size() == 2);
  CHECK(batch.index()[0].where == static_cast<std::uint32_t>(MessageKind::kAscii) << kKindShift);
  CHECK(batch.index()[0].size == 2);
  CHECK(batch.index()[1].where == (2 | static_cast<std::uint32_t>(MessageKind::kBinary) << kKindShift));
  CHECK(batch.index()[1].size == 4);
  CHECK(test::AsString(batch.shared()) == "abcdef");
}

TEST_CASE("every message begins at an even offset, as UTF-16 needs") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, "odd");
  Append(batch, MessageKind::kUtf16, std::string("\xE9\0", 2));
  CHECK((batch.index()[1].where & kOffsetMask) == 4);
  CHECK(Decode(batch) == Events{Text("odd"), Text("\xC3\xA9")});
}

TEST_CASE("an empty message has an entry and no bytes") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, "");
  CHECK_FALSE(batch.empty());
  CHECK(batch.messages() == 1);
  CHECK(batch.bytes() == 0);
}

TEST_CASE("what is reserved and not committed leaves no trace") {
  MessageBatch batch;
  (void)batch.Reserve(1000);
  Append(batch, MessageKind::kAscii, "kept");
  CHECK(Decode(batch) == Events{Text("kept")});
}

TEST_CASE("a message may be shorter than what was reserved for it") {
  MessageBatch batch;
  std::memcpy(batch.Reserve(100), "ab", 2);
  batch.Commit({MessageKind::kAscii}, 2);
  Append(batch, MessageKind::kAscii, "cd");
  CHECK(Decode(batch) == Events{Text("ab"), Text("cd")});
}

TEST_CASE("growing keeps what is there") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, "first");
  Append(batch, MessageKind::kAscii, std::string(50'000, 'x'));
  CHECK(Decode(batch) == Events{Text("first"), Text(std::string(50'000, 'x'))});
}

TEST_CASE("a batch of one small message takes one page") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, "small");
  CHECK(batch.capacity() == 4096);
}

TEST_CASE("a batch holds kBatchBytes and not one more") {
  MessageBatch batch;
  CHECK(batch.Fits(kBatchBytes));
  CHECK_FALSE(batch.Fits(kBatchBytes + 1));
  Append(batch, MessageKind::kAscii, std::string(kBatchBytes - 4, 'x'));
  CHECK(batch.Fits(4));
  CHECK_FALSE(batch.Fits(5));
  Append(batch, MessageKind::kAscii, "last");
  CHECK(batch.Fits(0));
  CHECK_FALSE(batch.Fits(1));
  CHECK(batch.capacity() == kBatchBytes);
}

TEST_CASE("the alignment of the next message counts as well") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, std::string(kBatchBytes - 3, 'x'));
  CHECK(batch.Fits(2));
  CHECK_FALSE(batch.Fits(3));
}

TEST_CASE("a batch holds kBatchMessages and not one more") {
  MessageBatch batch;
  for (std::size_t i = 0; i < kBatchMessages; ++i) {
    CHECK(batch.Fits(0));
    batch.Commit({MessageKind::kBinary}, 0);
  }
  CHECK_FALSE(batch.Fits(0));
}

TEST_CASE("a large message keeps its allocation and its place in the order") {
  MessageBatch batch;
  const std::string large(100'000, 'L');
  core::Payload payload = PayloadOf(large);
  const std::uint8_t* bytes = payload.bytes();
  Append(batch, MessageKind::kAscii, "before");
  batch.CommitLarge({MessageKind::kBinary}, std::move(payload));
  Append(batch, MessageKind::kAscii, "after");
  CHECK(batch.large(0).bytes() == bytes);
  CHECK(batch.large_count() == 1);
  CHECK(batch.bytes() == 6 + large.size() + 5);
  CHECK(Decode(batch) == Events{Text("before"), Binary(large), Text("after")});
}

TEST_CASE("clearing keeps the allocation and nothing else") {
  MessageBatch batch;
  Append(batch, MessageKind::kAscii, std::string(10'000, 'x'));
  batch.CommitLarge({MessageKind::kBinary}, PayloadOf(std::string(100'000, 'L')));
  const std::size_t capacity = batch.capacity();
  batch.Clear();
  CHECK(batch.empty());
  CHECK(batch.bytes() == 0);
  CHECK(batch.large_count() == 0);
  CHECK(batch.capacity() == capacity);
}

}  // namespace
}  // namespace hawser::reader
