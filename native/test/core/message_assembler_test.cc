#include "core/message_assembler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/client.h"
#include "test/support/recording_sink.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::AsWritable;
using test::Binary;
using test::Events;
using test::Hex;
using test::RecordingSink;
using test::Text;

struct Frame {
  Opcode opcode;
  bool fin;
  std::string payload;
};

struct Assembled {
  RecordingSink sink;
  ProtocolError error;
};

void ReceiveFrame(MessageAssembler& assembler, const Frame& frame, std::size_t first, std::size_t rest,
                  Assembled& result) {
  result.error = assembler.Begin({frame.opcode, frame.fin, frame.payload.size()});
  std::string_view bytes = frame.payload;
  std::size_t size = first;
  do {
    if (result.error) return;
    const auto piece = bytes.substr(0, size);
    result.error = assembler.Receive(AsSpan(piece), result.sink);
    bytes.remove_prefix(piece.size());
    size = rest;
  } while (!bytes.empty());
}

// Gives the frames with their payloads whole, byte by byte and cut in two everywhere; `check` sees each result.
template <class Check>
void Assemble(const Limits& limits, const std::vector<Frame>& frames, Check check) {
  std::size_t longest = 1;
  for (const Frame& frame : frames) longest = std::max(longest, frame.payload.size());
  for (std::size_t first = 1; first <= longest; ++first) {
    for (const std::size_t rest : {std::size_t{1}, longest}) {
      INFO("pieces of ", first, " bytes, then ", rest);
      MessageAssembler assembler(limits);
      Assembled result;
      for (const Frame& frame : frames) {
        if (!result.error) ReceiveFrame(assembler, frame, first, rest, result);
      }
      check(result);
    }
  }
}

void ExpectAssembled(const std::vector<Frame>& frames, const Events& events) {
  Assemble({}, frames, [&](const Assembled& result) {
    CHECK_FALSE(result.error);
    CHECK(result.sink.events == events);
  });
}

void ExpectError(const std::vector<Frame>& frames, ErrorKind kind, const Events& events = {}) {
  Assemble({}, frames, [&](const Assembled& result) {
    CHECK(result.error.kind == kind);
    CHECK(result.sink.events == events);
  });
}

TEST_CASE("a message of one frame goes to the sink") {
  ExpectAssembled({{Opcode::kText, true, "hello"}}, {Text("hello")});
  ExpectAssembled({{Opcode::kText, true, "héllo"}}, {Text("héllo")});
  ExpectAssembled({{Opcode::kBinary, true, Hex("00 ff 80")}}, {Binary(Hex("00 ff 80"))});
}

TEST_CASE("a message of several frames goes to the sink as one") {
  ExpectAssembled(
      {{Opcode::kText, false, "he"}, {Opcode::kContinuation, false, "ll"}, {Opcode::kContinuation, true, "o"}},
      {Text("hello")});
}

TEST_CASE("empty frames anywhere in a message add nothing") {
  ExpectAssembled({{Opcode::kBinary, false, ""},
                   {Opcode::kContinuation, false, "ab"},
                   {Opcode::kContinuation, false, ""},
                   {Opcode::kContinuation, true, ""},
                   {Opcode::kText, true, ""}},
                  {Binary("ab"), Text("")});
}

TEST_CASE("a code point may be cut between frames") {
  ExpectAssembled({{Opcode::kText, false, Hex("e2")}, {Opcode::kContinuation, true, Hex("82 ac")}}, {Text("€")});
}

TEST_CASE("messages follow each other") {
  ExpectAssembled({{Opcode::kText, false, "é"}, {Opcode::kContinuation, true, "è"}, {Opcode::kText, true, "plain"}},
                  {Text("éè"), Text("plain")});
}

TEST_CASE("a continuation needs a message") {
  ExpectError({{Opcode::kContinuation, true, "a"}}, ErrorKind::kUnexpectedContinuation);
  ExpectError({{Opcode::kText, true, "a"}, {Opcode::kContinuation, false, "b"}}, ErrorKind::kUnexpectedContinuation,
              {Text("a")});
}

TEST_CASE("a new message needs the end of the last") {
  ExpectError({{Opcode::kText, false, "a"}, {Opcode::kText, true, "b"}}, ErrorKind::kExpectedContinuation);
  ExpectError({{Opcode::kText, false, ""}, {Opcode::kBinary, true, "b"}}, ErrorKind::kExpectedContinuation);
}

TEST_CASE("text that ends inside a code point is invalid") {
  ExpectError({{Opcode::kText, true, "ab\xE2\x82"}}, ErrorKind::kInvalidUtf8);
  ExpectError({{Opcode::kText, false, "ab\xE2\x82"}, {Opcode::kContinuation, true, ""}}, ErrorKind::kInvalidUtf8);
}

TEST_CASE("binary is not judged as text") {
  ExpectAssembled({{Opcode::kBinary, false, "\xE2\x82"}, {Opcode::kContinuation, true, "\xFF"}},
                  {Binary("\xE2\x82\xFF")});
}

TEST_CASE("invalid text is found at the byte that makes it so, with most of the frame to come") {
  for (const std::size_t good : {0U, 1U, 7U, 8U, 9U, 100U}) {
    MessageAssembler assembler({});
    RecordingSink sink;
    CHECK_FALSE(assembler.Begin({Opcode::kText, true, 1000}));
    CHECK_FALSE(assembler.Receive(AsSpan(std::string(good, 'x')), sink));
    CHECK_FALSE(assembler.Receive(AsSpan(Hex("f4")), sink));
    CHECK(assembler.Receive(AsSpan(Hex("90")), sink).kind == ErrorKind::kInvalidUtf8);
  }
}

TEST_CASE("a message of exactly the limit is accepted") {
  Assemble({.max_message_size = 5}, {{Opcode::kText, false, "hel"}, {Opcode::kContinuation, true, "lo"}},
           [](const Assembled& result) { CHECK(result.sink.events == Events{Text("hello")}); });
}

TEST_CASE("a frame over the limit is refused on its declared length") {
  MessageAssembler assembler({.max_message_size = 5});
  const ProtocolError error = assembler.Begin({Opcode::kBinary, true, 6});
  CHECK(error.kind == ErrorKind::kMessageTooBig);
  CHECK(error.limit == 5);
  CHECK(error.actual == 6);
}

TEST_CASE("fragments over the limit together are refused on the declared length of the one that breaks it") {
  Assemble({.max_message_size = 5}, {{Opcode::kText, false, "hel"}, {Opcode::kContinuation, false, "low"}},
           [](const Assembled& result) {
             CHECK(result.error.kind == ErrorKind::kMessageTooBig);
             CHECK(result.error.actual == 6);
           });
}

TEST_CASE("the limit counts for each message anew") {
  Assemble({.max_message_size = 3}, {{Opcode::kText, true, "abc"}, {Opcode::kText, true, "def"}},
           [](const Assembled& result) {
             CHECK(result.sink.events == Events{Text("abc"), Text("def")});
           });
}

TEST_CASE("with a limit of 0 only empty messages are accepted") {
  Assemble({.max_message_size = 0}, {{Opcode::kText, true, ""}, {Opcode::kText, true, "a"}},
           [](const Assembled& result) {
             CHECK(result.sink.events == Events{Text("")});
             CHECK(result.error.kind == ErrorKind::kMessageTooBig);
           });
}

TEST_CASE("more frames than the limit are refused, empty ones too") {
  const std::vector<Frame> frames{
      {Opcode::kText, false, "a"}, {Opcode::kContinuation, false, ""}, {Opcode::kContinuation, true, "b"}};
  Assemble({.max_fragments = 3}, frames,
           [](const Assembled& result) { CHECK(result.sink.events == Events{Text("ab")}); });
  Assemble({.max_fragments = 2}, frames, [](const Assembled& result) {
    CHECK(result.error.kind == ErrorKind::kTooManyFragments);
    CHECK(result.error.limit == 2);
    CHECK(result.error.actual == 3);
  });
}

TEST_CASE("a gigantic declared length within the limit allocates nothing before its bytes come") {
  MessageAssembler assembler({.max_message_size = std::numeric_limits<std::uint64_t>::max()});
  RecordingSink sink;
  CHECK_FALSE(assembler.Begin({Opcode::kBinary, true, 0x7FFF'FFFF'FFFF'FFFF}));
  CHECK(assembler.remaining() == 0x7FFF'FFFF'FFFF'FFFF);
  CHECK_FALSE(assembler.Receive(AsSpan("a few bytes"), sink));
  CHECK(assembler.Target(test::kDirectRead).size() <= 64 * 1024);
  CHECK(assembler.remaining() == 0x7FFF'FFFF'FFFF'FFFF - 11);
}

TEST_CASE("a target is offered for what is left of a big frame only") {
  MessageAssembler assembler({});
  RecordingSink sink;
  CHECK(assembler.Target(test::kDirectRead).empty());
  assembler.Begin({Opcode::kBinary, true, 20'000});
  CHECK(assembler.Target(test::kDirectRead).empty());
  assembler.Receive(AsSpan(std::string(20'000, 'x')), sink);
  CHECK(assembler.Target(test::kDirectRead).empty());
  assembler.Begin({Opcode::kBinary, true, 100'000});
  CHECK_FALSE(assembler.Target(test::kDirectRead).empty());
  assembler.Receive(AsSpan(std::string(90'000, 'x')), sink);
  CHECK(assembler.Target(test::kDirectRead).empty());
}

TEST_CASE("a target never holds more than the frame still needs") {
  MessageAssembler assembler({});
  assembler.Begin({Opcode::kBinary, false, 40'000});
  CHECK(assembler.Target(test::kDirectRead).size() == 40'000);
}

TEST_CASE("the room for a big message grows with what came of it") {
  MessageAssembler assembler({});
  RecordingSink sink;
  constexpr std::size_t kSize = 10'000'000;
  assembler.Begin({Opcode::kBinary, true, kSize});
  std::size_t received = 0;
  while (received < kSize) {
    const auto target = assembler.Target(test::kDirectRead);
    const std::size_t wanted = target.empty() ? kSize - received : std::min<std::size_t>(target.size(), 1000);
    CHECK(target.size() <= received + 64 * 1024);
    if (target.empty()) {
      CHECK_FALSE(assembler.Receive(AsSpan(std::string(wanted, 'x')), sink));
    } else {
      std::memset(target.data(), 'x', wanted);
      CHECK_FALSE(assembler.Received(wanted, sink));
    }
    received += wanted;
  }
  REQUIRE(sink.events.size() == 1);
  CHECK(sink.events[0].payload == std::string(kSize, 'x'));
}

TEST_CASE("text read straight into its target is validated as it comes") {
  MessageAssembler assembler({});
  RecordingSink sink;
  assembler.Begin({Opcode::kText, true, 100'000});
  auto target = assembler.Target(test::kDirectRead);
  std::memset(target.data(), 'x', 100);
  target[99] = 0xC3;
  CHECK_FALSE(assembler.Received(100, sink));
  target = assembler.Target(test::kDirectRead);
  target[0] = 'x';
  CHECK(assembler.Received(1, sink).kind == ErrorKind::kInvalidUtf8);
}

TEST_CASE("a sink may leave a message where it was received") {
  MessageAssembler assembler({});
  Assembled result;
  result.sink.takes_in_place = true;
  for (const Frame& frame : {Frame{Opcode::kText, true, "text"}, Frame{Opcode::kBinary, true, "binary"}}) {
    ReceiveFrame(assembler, frame, 10, 10, result);
  }
  CHECK(result.sink.events == Events{Text("text"), Binary("binary")});
  CHECK(result.sink.taken_in_place == 2);
}

TEST_CASE("no sink is offered what does not lie there as it will be delivered") {
  MessageAssembler assembler({});
  Assembled result;
  result.sink.takes_in_place = true;
  ReceiveFrame(assembler, {Opcode::kText, true, "ü"}, 10, 10, result);   // becomes UTF-16
  ReceiveFrame(assembler, {Opcode::kText, true, "cut"}, 1, 10, result);  // in two places
  CHECK(result.sink.events == Events{Text("ü"), Text("cut")});
  CHECK(result.sink.taken_in_place == 0);
}

TEST_CASE("a message whose rest is read behind its beginning lies whole there") {
  MessageAssembler assembler({});
  Assembled result;
  result.sink.takes_in_place = true;
  for (const Frame& frame : {Frame{Opcode::kText, true, "text"}, Frame{Opcode::kBinary, true, "binary"}}) {
    const std::string_view bytes = frame.payload;
    result.error = assembler.Begin({frame.opcode, frame.fin, bytes.size()});
    REQUIRE_FALSE(assembler.Receive(AsSpan(bytes.substr(0, 3)), result.sink));
    std::string room(bytes.size(), '.');
    CHECK(assembler.CopyUnfinished(AsWritable(room)) == 3);
    CHECK(room.substr(0, 3) == bytes.substr(0, 3));
    room.replace(3, std::string::npos, bytes.substr(3));
    REQUIRE_FALSE(assembler.Receive(AsSpan(room).subspan(3), result.sink, 3));
  }
  CHECK(result.sink.events == Events{Text("text"), Binary("binary")});
  CHECK(result.sink.taken_in_place == 2);
}

TEST_CASE("the beginning of a message may be copied as often as its rest is waited for") {
  MessageAssembler assembler({});
  Assembled result;
  REQUIRE_FALSE(assembler.Begin({Opcode::kText, true, 6}));
  std::string room(6, '.');
  const std::string_view text = "in six";
  for (std::size_t at = 0; at < text.size(); ++at) {
    CHECK(assembler.CopyUnfinished(AsWritable(room)) == at);
    CHECK(assembler.CopyUnfinished(AsWritable(room)) == at);
    room[at] = text[at];
    REQUIRE_FALSE(assembler.Receive(AsSpan(room).subspan(at, 1), result.sink, at));
  }
  CHECK(result.sink.events == Events{Text("in six")});
}

TEST_CASE("fragments may stay where they lie") {
  MessageAssembler assembler({});
  Assembled result;
  result.sink.takes_in_place = true;
  ReceiveFrame(assembler, {Opcode::kText, false, "be"}, 10, 10, result);
  ReceiveFrame(assembler, {Opcode::kContinuation, true, "gun"}, 10, 10, result);
  CHECK(result.sink.events == Events{Text("begun")});
  CHECK(result.sink.taken_in_place == 2);
}

TEST_CASE("nothing is copied of a frame that would not lie whole behind it") {
  MessageAssembler assembler({});
  Assembled result;
  std::string room(6, '.');
  CHECK(assembler.CopyUnfinished(AsWritable(room)) == 0);
  REQUIRE_FALSE(assembler.Begin({Opcode::kBinary, false, 7}));
  REQUIRE_FALSE(assembler.Receive(AsSpan("beg"), result.sink));
  CHECK(assembler.CopyUnfinished(AsWritable(room)) == 0);  // too long by one
  room += '.';
  CHECK(assembler.CopyUnfinished(AsWritable(room)) == 3);
  CHECK(room == "beg....");
}

}  // namespace
}  // namespace hawser::core
