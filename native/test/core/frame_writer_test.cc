#include "core/frame_writer.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/client_frames.h"
#include "test/support/fixed_keys.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::Hex;
using test::ReadClientFrames;
using test::SentFrames;
using test::TakeOutput;

struct Writing {
  OutputQueue output;
  test::FixedKeys keys;
  FrameWriter writer{output, keys};
};

Payload MakePayload(std::string_view bytes) {
  Payload payload(bytes.size());
  if (!bytes.empty()) std::memcpy(payload.bytes(), bytes.data(), bytes.size());
  payload.set_size(bytes.size());
  return payload;
}

TEST_CASE("a small frame is header, key and masked payload") {
  Writing w;
  w.writer.Write({.opcode = Opcode::kText}, AsSpan("abcde"));
  CHECK(TakeOutput(w.output) == Hex("81 85 11 22 33 44 70 40 50 20 74"));
}

TEST_CASE("an empty frame still has a mask bit and a key") {
  Writing w;
  w.writer.Write({.opcode = Opcode::kBinary}, {});
  CHECK(TakeOutput(w.output) == Hex("82 80 11 22 33 44"));
}

TEST_CASE("a frame that is not final has no fin bit") {
  Writing w;
  w.writer.Write({.opcode = Opcode::kText, .fin = false}, AsSpan("a"));
  w.writer.Write({.opcode = Opcode::kContinuation}, AsSpan("b"));
  CHECK(ReadClientFrames(TakeOutput(w.output)) ==
        SentFrames{{Opcode::kText, "a", false}, {Opcode::kContinuation, "b", true}});
}

TEST_CASE("the first frame of a compressed message has RSV1") {
  Writing w;
  w.writer.Write({.opcode = Opcode::kText, .fin = false, .rsv1 = true, .plain_size = 5}, AsSpan("a"));
  w.writer.WriteLarge({.opcode = Opcode::kBinary, .rsv1 = true, .plain_size = 5}, MakePayload("b"));
  CHECK(TakeOutput(w.output) == Hex("41 81 11 22 33 44 70 c2 81 11 22 33 44 73"));
}

TEST_CASE("a length takes as few bytes as it can") {
  Writing w;
  const std::vector<std::pair<std::size_t, std::size_t>> sizes_and_headers{{0, 6},      {125, 6},     {126, 8},
                                                                           {65'535, 8}, {65'536, 14}, {70'000, 14}};
  for (const auto& [size, header] : sizes_and_headers) {
    const std::string payload(size, 'x');
    w.writer.Write({.opcode = Opcode::kBinary}, AsSpan(payload));
    CHECK(w.output.size() == header + size);
    CHECK(ReadClientFrames(TakeOutput(w.output)) == SentFrames{{Opcode::kBinary, payload}});
  }
}

TEST_CASE("a large frame is the same on the wire as a copied one") {
  for (const std::size_t size : {0U, 1U, 126U, 65'536U, 100'003U}) {
    const std::string payload(size, 'x');
    Writing copied;
    copied.writer.Write({.opcode = Opcode::kText}, AsSpan(payload));
    Writing large;
    large.writer.WriteLarge({.opcode = Opcode::kText}, MakePayload(payload));
    CHECK(TakeOutput(large.output) == TakeOutput(copied.output));
  }
}

TEST_CASE("an urgent frame overtakes what waits") {
  Writing w;
  w.writer.Write({.opcode = Opcode::kText}, AsSpan("a"));
  w.writer.WriteUrgent(Opcode::kPong, AsSpan("b"));
  CHECK(ReadClientFrames(TakeOutput(w.output)) == SentFrames{{Opcode::kPong, "b"}, {Opcode::kText, "a"}});
}

TEST_CASE("payloads of data frames count as application bytes, those of control frames do not") {
  Writing w;
  w.writer.Write({.opcode = Opcode::kText}, AsSpan("abc"));
  w.writer.Write({.opcode = Opcode::kPing}, AsSpan("defg"));
  w.writer.WriteLarge({.opcode = Opcode::kBinary}, MakePayload("hijkl"));
  CHECK(w.output.Consume(w.output.size()) == 3 + 5);
}

TEST_CASE("a compressed frame counts as what was compressed, once all of it is written") {
  for (const bool large : {false, true}) {
    Writing w;
    const FrameHead head{.opcode = Opcode::kText, .rsv1 = true, .plain_size = 1000};
    if (large) {
      w.writer.WriteLarge(head, MakePayload("0123456789"));
    } else {
      w.writer.Write(head, AsSpan("0123456789"));
    }
    CHECK(w.output.Consume(w.output.size() - 1) == 0);
    CHECK(w.output.Consume(1) == 1000);
  }
}

}  // namespace
}  // namespace hawser::core
