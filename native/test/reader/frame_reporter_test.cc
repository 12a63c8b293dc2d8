// Which frames JavaScript is told of, and how much of each.
#include "reader/frame_reporter.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "test/support/bytes.h"

namespace hawser::reader {
namespace {

using core::Direction;
using core::Opcode;
using test::AsSpan;
using test::AsString;

class CountingBell final : public Bell {
 public:
  void Ring(std::uint32_t ready) noexcept override {
    CHECK(ready == kReadyNotices);
    ++count;
  }
  int count = 0;
};

struct Room {
  explicit Room(Observation observation) : reporter(observation, delivery, bell) {}

  void See(Direction direction, Opcode opcode, std::string_view payload = "") {
    reporter.OnFrame(direction, {.opcode = opcode, .fin = true, .length = payload.size()}, AsSpan(payload));
  }
  std::vector<FrameSeen> Frames() {
    std::vector<FrameSeen> frames;
    for (Notice& notice : delivery.TakeNotices()) frames.push_back(std::get<FrameSeen>(std::move(notice)));
    return frames;
  }

  DeliveryQueue delivery{{}};
  CountingBell bell;
  FrameReporter reporter;
};

TEST_CASE("nobody who looks on makes no reporter active") {
  CHECK_FALSE(Room(Observation::kNone).reporter.active());
  CHECK(Room(Observation::kPings).reporter.active());
  CHECK(Room(Observation::kFrames).reporter.active());
}

TEST_CASE("who wants pings is told of pings and pongs of both sides, and of nothing else") {
  Room room(Observation::kPings);
  for (const Direction direction : {Direction::kReceived, Direction::kSent}) {
    for (const Opcode opcode :
         {Opcode::kContinuation, Opcode::kText, Opcode::kBinary, Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
      room.See(direction, opcode, "x");
    }
  }
  CHECK(room.bell.count == 4);
  const auto frames = room.Frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[0].direction == Direction::kReceived);
  CHECK(frames[0].header.opcode == Opcode::kPing);
  CHECK(AsString(frames[0].payload) == "x");
  CHECK(frames[1].header.opcode == Opcode::kPong);
  CHECK(frames[3].direction == Direction::kSent);
  CHECK(frames[3].header.opcode == Opcode::kPong);
}

TEST_CASE("who wants frames is told of all, with a ring for each") {
  Room room(Observation::kFrames);
  for (const Opcode opcode :
       {Opcode::kContinuation, Opcode::kText, Opcode::kBinary, Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
    room.See(Direction::kReceived, opcode);
  }
  CHECK(room.bell.count == 6);
  CHECK(room.Frames().size() == 6);
}

TEST_CASE("128 bytes of a payload are shown, and whether there are more") {
  Room room(Observation::kFrames);
  room.See(Direction::kReceived, Opcode::kText, std::string(128, 'x'));
  room.See(Direction::kReceived, Opcode::kText, std::string(129, 'x'));
  const auto frames = room.Frames();
  CHECK(frames[0].payload.size() == 128);
  CHECK_FALSE(frames[0].cut);
  CHECK(frames[1].payload.size() == 128);
  CHECK(frames[1].cut);
  CHECK(frames[1].header.length == 129);
}

TEST_CASE("a received payload of which not all is here is cut, a sent one that is longer on the wire is not") {
  Room room(Observation::kFrames);
  const core::FrameHeader longer{.opcode = Opcode::kText, .fin = true, .length = 5, .compressed = true};
  room.reporter.OnFrame(Direction::kReceived, longer, AsSpan("abc"));
  room.reporter.OnFrame(Direction::kSent, longer, AsSpan("abc"));
  const core::FrameHeader shorter{.opcode = Opcode::kText, .fin = true, .length = 10, .compressed = true};
  room.reporter.OnFrame(Direction::kSent, shorter, AsSpan(std::string(200, 'x')));
  const auto frames = room.Frames();
  CHECK(frames[0].cut);
  CHECK_FALSE(frames[1].cut);
  CHECK(frames[2].cut);
}

TEST_CASE("the ping that is sent next is marked as keepalive's, and no other frame") {
  for (const Observation observation : {Observation::kPings, Observation::kFrames}) {
    Room room(observation);
    room.See(Direction::kSent, Opcode::kPing);
    room.reporter.KeepaliveNext();
    room.See(Direction::kReceived, Opcode::kPing);
    room.See(Direction::kSent, Opcode::kPong);
    room.See(Direction::kSent, Opcode::kPing);
    room.See(Direction::kSent, Opcode::kPing);
    std::vector<bool> marks;
    for (const FrameSeen& frame : room.Frames()) marks.push_back(frame.keepalive);
    CHECK(marks == std::vector<bool>{false, false, false, true, false});
  }
}

}  // namespace
}  // namespace hawser::reader
