#include "core/output_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "test/support/bytes.h"
#include "test/support/client_frames.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::AsString;
using test::TakeOutput;

using Pieces = std::array<std::span<const std::uint8_t>, 8>;

void Append(OutputQueue& queue, std::string_view frame, std::size_t payload_size = 0) {
  std::memcpy(queue.Append(frame.size(), payload_size), frame.data(), frame.size());
}

void AppendUrgent(OutputQueue& queue, std::string_view frame) {
  std::memcpy(queue.AppendUrgent(frame.size()), frame.data(), frame.size());
}

void AppendLarge(OutputQueue& queue, std::string_view header, std::string_view bytes) {
  Payload payload(bytes.size() + 100);
  std::memcpy(payload.bytes(), bytes.data(), bytes.size());
  payload.set_size(bytes.size());
  queue.AppendLarge(AsSpan(header), std::move(payload), bytes.size());
}

std::string PeekAll(OutputQueue& queue) {
  Pieces pieces;
  std::string shown;
  for (const auto piece : std::span(pieces).first(queue.Peek(pieces))) shown += AsString(piece);
  return shown;
}

TEST_CASE("an empty queue has nothing to show") {
  OutputQueue queue;
  Pieces pieces;
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
  CHECK(queue.Peek(pieces) == 0);
  CHECK(queue.Consume(0) == 0);
}

TEST_CASE("payload that is added later counts when what was appended last has left") {
  OutputQueue queue;
  Append(queue, std::string(30, 'a'));
  queue.AddPayload(10, true);
  queue.AddPayload(5, true);
  CHECK(PeekAll(queue).size() == 30);
  CHECK(queue.Consume(20) == 5);
  CHECK(queue.Consume(10) == 10);
}

TEST_CASE("payload of more bytes than what it is in counts at the end") {
  OutputQueue queue;
  Append(queue, std::string(30, 'a'));
  queue.AddPayload(1000, false);
  CHECK(PeekAll(queue).size() == 30);
  CHECK(queue.Consume(29) == 0);
  CHECK(queue.Consume(1) == 1000);
}

TEST_CASE("frames leave in the order in which they came") {
  OutputQueue queue;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string frame = std::to_string(i) + std::string(static_cast<std::size_t>(i % 90), 'x');
    Append(queue, frame);
    if (i % 500 == 0) AppendLarge(queue, "head", frame);
    expected += frame + (i % 500 == 0 ? "head" + frame : "");
  }
  CHECK(queue.size() == expected.size());
  CHECK(TakeOutput(queue) == expected);
  CHECK(queue.empty());
}

TEST_CASE("small frames share pieces") {
  OutputQueue queue;
  for (int i = 0; i < 100; ++i) Append(queue, "0123456789");
  Pieces pieces;
  CHECK(queue.Peek(pieces) == 1);
}

TEST_CASE("a frame larger than any segment is one piece") {
  OutputQueue queue;
  const std::string frame(200'000, 'x');
  Append(queue, "a");
  Append(queue, frame);
  Pieces pieces;
  REQUIRE(queue.Peek(pieces) == 2);
  CHECK(pieces[1].size() == frame.size());
}

TEST_CASE("what was shown stays where it is while more is appended") {
  OutputQueue queue;
  Append(queue, "first");
  Pieces pieces;
  REQUIRE(queue.Peek(pieces) == 1);
  const auto shown = pieces[0];
  for (int i = 0; i < 1000; ++i) Append(queue, std::string(1000, 'x'));
  AppendUrgent(queue, "pong");
  REQUIRE(queue.Peek(pieces) == pieces.size());
  CHECK(pieces[0].data() == shown.data());
  CHECK(AsString(shown) == "first");
}

TEST_CASE("a piece that was written in part is shown from where it stopped") {
  OutputQueue queue;
  Append(queue, "abcdef");
  AppendLarge(queue, "HEAD", "payload");
  PeekAll(queue);
  queue.Consume(2);
  CHECK(PeekAll(queue) == "cdefHEADpayload");
  queue.Consume(6);
  CHECK(PeekAll(queue) == "ADpayload");
  queue.Consume(3);
  CHECK(PeekAll(queue) == "ayload");
  CHECK(queue.size() == 6);
}

TEST_CASE("fewer pieces are shown when there is room for fewer") {
  OutputQueue queue;
  Append(queue, "a");
  AppendLarge(queue, "HEAD", "payload");
  std::array<std::span<const std::uint8_t>, 2> two;
  REQUIRE(queue.Peek(two) == 2);
  CHECK(AsString(two[1]) == "HEAD");
  CHECK(TakeOutput(queue) == "aHEADpayload");
}

TEST_CASE("an urgent frame goes ahead of frames that were not shown") {
  OutputQueue queue;
  Append(queue, "a");
  AppendLarge(queue, "H", "b");
  AppendUrgent(queue, "!");
  CHECK(PeekAll(queue) == "!aHb");
}

TEST_CASE("an urgent frame goes behind everything that was shown") {
  OutputQueue queue;
  Append(queue, "a");
  PeekAll(queue);
  Append(queue, "b");
  AppendUrgent(queue, "!");
  CHECK(PeekAll(queue) == "a!b");
}

TEST_CASE("an urgent frame does not cut a big frame of which only the header was shown") {
  OutputQueue queue;
  AppendLarge(queue, "HEAD", "payload");
  std::array<std::span<const std::uint8_t>, 1> one;
  REQUIRE(queue.Peek(one) == 1);
  AppendUrgent(queue, "!");
  CHECK(TakeOutput(queue) == "HEADpayload!");
}

TEST_CASE("urgent frames are counted apart until they are consumed") {
  OutputQueue queue;
  Append(queue, "abc");
  AppendUrgent(queue, "12");
  AppendUrgent(queue, "345");
  CHECK(queue.size() == 8);
  CHECK(queue.urgent_size() == 5);
  PeekAll(queue);
  queue.Consume(4);
  CHECK(queue.urgent_size() == 1);
  queue.Consume(2);
  CHECK(queue.urgent_size() == 0);
  AppendUrgent(queue, "6");
  queue.Clear();
  CHECK(queue.urgent_size() == 0);
}

TEST_CASE("urgent frames keep their order among themselves") {
  OutputQueue queue;
  Append(queue, "a");
  for (int i = 0; i < 10; ++i) AppendUrgent(queue, std::to_string(i) + std::string(120, '.'));
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += std::to_string(i) + std::string(120, '.');
  CHECK(TakeOutput(queue) == expected + "a");
}

TEST_CASE("an ordinary frame behind an urgent one stays behind later urgent ones") {
  OutputQueue queue;
  AppendUrgent(queue, "1");
  Append(queue, "a");
  AppendUrgent(queue, "2");
  CHECK(TakeOutput(queue) == "12a");
}

TEST_CASE("all application bytes are reported once everything was written, in whatever steps") {
  for (const std::size_t step : {1U, 2U, 7U, 100U, 5000U}) {
    OutputQueue queue;
    std::size_t payload_total = 0;
    std::size_t reported = 0;
    for (int i = 0; i < 300; ++i) {
      const auto payload_size = static_cast<std::size_t>(i % 50);
      Append(queue, std::string(payload_size + 6, 'x'), payload_size);
      payload_total += payload_size;
      if (i % 100 == 7) AppendLarge(queue, "headhead", std::string(1000, 'y'));
      if (i % 100 == 7) payload_total += 1000;
      if (i % 10 == 0) AppendUrgent(queue, "pong");
      PeekAll(queue);
      reported += queue.Consume(std::min(step, queue.size()));
      CHECK(reported <= payload_total);
    }
    while (!queue.empty()) {
      PeekAll(queue);
      reported += queue.Consume(std::min(step, queue.size()));
    }
    CHECK(reported == payload_total);
  }
}

TEST_CASE("application bytes of a big frame are reported as they are written, its header not") {
  OutputQueue queue;
  AppendLarge(queue, "HEAD", "payload");
  CHECK(queue.Consume(4) == 0);
  CHECK(queue.Consume(3) == 3);
  CHECK(queue.Consume(4) == 4);
}

TEST_CASE("compressed frames are reported as what they stand for, when their segment is written") {
  OutputQueue queue;
  std::memcpy(queue.Append(10, 1000, false), "compressed", 10);
  Append(queue, "plain", 5);
  std::memcpy(queue.Append(4, 0, false), "none", 4);
  CHECK(queue.Consume(10) == 0);
  CHECK(queue.Consume(8) == 0);
  CHECK(queue.Consume(1) == 1005);
  CHECK(queue.empty());
}

TEST_CASE("plain frames in a segment of their own are reported as they are written, whatever is compressed behind") {
  OutputQueue queue;
  Append(queue, "HHplain", 5);
  PeekAll(queue);
  std::memcpy(queue.Append(3, 1000, false), "zip", 3);
  CHECK(queue.Consume(4) == 2);
  CHECK(queue.Consume(3) == 3);
  CHECK(queue.Consume(2) == 0);
  CHECK(queue.Consume(1) == 1000);
}

TEST_CASE("a large compressed frame is reported at its end, though it stands for more or for less than it is") {
  for (const std::size_t payload_size : {2U, 1000U}) {
    OutputQueue queue;
    Payload payload(7);
    std::memcpy(payload.bytes(), "payload", 7);
    payload.set_size(7);
    queue.AppendLarge(AsSpan("HEAD"), std::move(payload), payload_size, false);
    CHECK(queue.Consume(10) == 0);
    CHECK(queue.Consume(1) == payload_size);
  }
}

TEST_CASE("with compressed frames among others all is reported in the end and never more than was appended") {
  for (const std::size_t step : {1U, 2U, 7U, 100U, 5000U}) {
    OutputQueue queue;
    std::size_t appended = 0;
    std::size_t reported = 0;
    const auto write = [&](std::size_t size) {
      PeekAll(queue);
      reported += queue.Consume(std::min(size, queue.size()));
      CHECK(reported <= appended);
    };
    for (std::size_t i = 0; i < 300; ++i) {
      const bool compressed = i / 10 % 3 == 1;
      const std::size_t size = i % 50;
      const std::size_t payload_size = compressed ? i * 17 % 400 : size;
      std::memset(queue.Append(size + 6, payload_size, !compressed), 'x', size + 6);
      appended += payload_size;
      if (i % 10 == 0) AppendUrgent(queue, "pong");
      if (i % 3 != 0) write(step);
    }
    while (!queue.empty()) write(step);
    CHECK(reported == appended);
  }
}

TEST_CASE("control frames are no application bytes") {
  OutputQueue queue;
  Append(queue, "ping", 0);
  AppendUrgent(queue, "pong");
  CHECK(queue.Consume(queue.size()) == 0);
}

TEST_CASE("a cleared queue is empty and can be used again") {
  OutputQueue queue;
  Append(queue, "a");
  AppendLarge(queue, "H", "b");
  queue.Clear();
  CHECK(queue.empty());
  Append(queue, "c");
  CHECK(TakeOutput(queue) == "c");
}

}  // namespace
}  // namespace hawser::core
