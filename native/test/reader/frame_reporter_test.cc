// Which frames JavaScript is told of, and how much of each.
#include "reader/frame_reporter.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/reader/test_bell.h"

namespace hawser::reader {
namespace {

using core::Direction;
using core::Opcode;
using test::AsSpan;
using test::AsString;

struct ReporterRig {
  explicit ReporterRig(Observation observation) : reporter(observation, delivery, bell) {}

  void See(Direction direction, Opcode opcode, std::string_view payload = "") {
    reporter.OnFrame(direction, {.opcode = opcode, .fin = true, .length = payload.size()}, AsSpan(payload));
  }
  std::vector<FrameSeen> Frames() {
    std::vector<FrameSeen> frames;
    for (Notice& notice : delivery.TakeNotices()) frames.push_back(std::get<FrameSeen>(std::move(notice)));
    return frames;
  }

  DeliveryQueue delivery{{}};
  test::CountingBell bell{kReadyNotices};
  FrameReporter reporter;
};

TEST_CASE("nobody who looks on makes no reporter active") {
  CHECK_FALSE(ReporterRig(Observation::kNone).reporter.active());
  CHECK(ReporterRig(Observation::kPings).reporter.active());
  CHECK(ReporterRig(Observation::kFrames).reporter.active());
}

TEST_CASE("who wants pings is told of pings and pongs of both sides, and of nothing else") {
  ReporterRig rig(Observation::kPings);
  for (const Direction direction : {Direction::kReceived, Direction::kSent}) {
    for (const Opcode opcode :
         {Opcode::kContinuation, Opcode::kText, Opcode::kBinary, Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
      rig.See(direction, opcode, "x");
    }
  }
  CHECK(rig.bell.count == 4);
  const auto frames = rig.Frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[0].direction == Direction::kReceived);
  CHECK(frames[0].header.opcode == Opcode::kPing);
  CHECK(AsString(frames[0].payload) == "x");
  CHECK(frames[1].header.opcode == Opcode::kPong);
  CHECK(frames[3].direction == Direction::kSent);
  CHECK(frames[3].header.opcode == Opcode::kPong);
}

TEST_CASE("who wants frames is told of all, with a ring for each") {
  ReporterRig rig(Observation::kFrames);
  for (const Opcode opcode :
       {Opcode::kContinuation, Opcode::kText, Opcode::kBinary, Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
    rig.See(Direction::kReceived, opcode);
  }
  CHECK(rig.bell.count == 6);
  CHECK(rig.Frames().size() == 6);
}

TEST_CASE("128 bytes of a payload are shown, and whether there are more") {
  ReporterRig rig(Observation::kFrames);
  rig.See(Direction::kReceived, Opcode::kText, std::string(128, 'x'));
  rig.See(Direction::kReceived, Opcode::kText, std::string(129, 'x'));
  const auto frames = rig.Frames();
  CHECK(frames[0].payload.size() == 128);
  CHECK_FALSE(frames[0].cut);
  CHECK(frames[1].payload.size() == 128);
  CHECK(frames[1].cut);
  CHECK(frames[1].header.length == 129);
}

TEST_CASE("a received payload of which not all is here is cut, a sent one that is longer on the wire is not") {
  ReporterRig rig(Observation::kFrames);
  const core::FrameHeader longer{.opcode = Opcode::kText, .fin = true, .length = 5, .compressed = true};
  rig.reporter.OnFrame(Direction::kReceived, longer, AsSpan("abc"));
  rig.reporter.OnFrame(Direction::kSent, longer, AsSpan("abc"));
  const core::FrameHeader shorter{.opcode = Opcode::kText, .fin = true, .length = 10, .compressed = true};
  rig.reporter.OnFrame(Direction::kSent, shorter, AsSpan(std::string(200, 'x')));
  const auto frames = rig.Frames();
  CHECK(frames[0].cut);
  CHECK_FALSE(frames[1].cut);
  CHECK(frames[2].cut);
}

TEST_CASE("the ping that is sent next is marked as keepalive's, and no other frame") {
  for (const Observation observation : {Observation::kPings, Observation::kFrames}) {
    ReporterRig rig(observation);
    rig.See(Direction::kSent, Opcode::kPing);
    rig.reporter.KeepaliveNext();
    rig.See(Direction::kReceived, Opcode::kPing);
    rig.See(Direction::kSent, Opcode::kPong);
    rig.See(Direction::kSent, Opcode::kPing);
    rig.See(Direction::kSent, Opcode::kPing);
    std::vector<bool> marks;
    for (const FrameSeen& frame : rig.Frames()) marks.push_back(frame.keepalive);
    CHECK(marks == std::vector<bool>{false, false, false, true, false});
  }
}

}  // namespace
}  // namespace hawser::reader
