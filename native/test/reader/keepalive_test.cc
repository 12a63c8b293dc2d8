// Pings at an interval and the deadline of their pongs, by a real clock.
#include "reader/keepalive.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/reader/test_loop.h"

namespace hawser::reader {
namespace {

using test::AsSpan;
using test::AsString;
using test::Count;
using test::Since;
using test::Units;

class KeepaliveRig final : KeepaliveHost {
 public:
  KeepaliveRig(int interval, int timeout)
      : keepalive(loop.uv(), Count(Units(interval)), Count(Units(timeout)), *this), started(test::Clock::now()) {
    keepalive.Start();
  }
  ~KeepaliveRig() { keepalive.Stop(); }

  void RunUntilPings(std::size_t count) {
    CHECK(loop.RunUntil([&] { return pings.size() >= count; }));
  }
  void RunUntilTimeout() {
    CHECK(loop.RunUntil([&] { return timeouts > 0; }));
  }

  test::TestLoop loop;
  Keepalive keepalive;
  test::Clock::time_point started;
  std::vector<std::string> pings;
  int timeouts = 0;
  bool pong_may_be_unread = false;
  bool answer = false;

 private:
  void SendKeepalivePing(std::span<const std::uint8_t> payload) noexcept override {
    pings.push_back(AsString(payload));
    keepalive.AddPing(kKeepaliveId, payload);
    if (answer) (void)keepalive.OnPong(payload);
  }
  bool PongMayBeUnread() noexcept override { return pong_may_be_unread; }
  void OnKeepaliveTimeout() noexcept override {
    ++timeouts;
    keepalive.Stop();
  }
};

TEST_CASE("pings at the interval, with eight random characters each") {
  KeepaliveRig rig(2, 100);
  rig.answer = true;
  rig.RunUntilPings(3);
  CHECK(Since(rig.started) >= Units(6) - test::Milliseconds(3));
  for (const std::string& ping : rig.pings) CHECK(ping.size() == 8);
  CHECK(rig.pings[0] != rig.pings[1]);
}

TEST_CASE("an interval of 0 sends no pings") {
  KeepaliveRig rig(0, 1);
  rig.loop.RunFor(Units(5));
  CHECK(rig.pings.empty());
  CHECK(rig.timeouts == 0);
}

TEST_CASE("without a pong the timeout comes after the first ping's time") {
  KeepaliveRig rig(2, 5);
  rig.RunUntilTimeout();
  CHECK(Since(rig.started) >= Units(7) - test::Milliseconds(2));
  CHECK(rig.timeouts == 1);
}

TEST_CASE("pings that are answered do not time out") {
  KeepaliveRig rig(1, 2);
  rig.answer = true;
  rig.RunUntilPings(6);
  CHECK(rig.timeouts == 0);
}

TEST_CASE("a pong that answers another ping does not move the deadline") {
  KeepaliveRig rig(2, 5);
  rig.keepalive.AddPing(1, AsSpan("application"));
  rig.RunUntilPings(1);
  CHECK(rig.keepalive.OnPong(AsSpan("application")).size() == 1);
  CHECK(rig.keepalive.OnPong(AsSpan("foreign")).empty());
  rig.RunUntilTimeout();
}

TEST_CASE("a later pong settles the pings before it") {
  KeepaliveRig rig(2, 100);
  rig.RunUntilPings(2);
  CHECK(rig.keepalive.OnPong(AsSpan(rig.pings[1])).size() == 2);
  CHECK(rig.timeouts == 0);
}

TEST_CASE("a timeout of 0 never comes, and forgotten pings take no memory") {
  KeepaliveRig rig(1, 0);
  rig.RunUntilPings(5);
  CHECK(rig.timeouts == 0);
  CHECK(rig.keepalive.OnPong(AsSpan(rig.pings[0])).empty());
  CHECK(rig.keepalive.OnPong(AsSpan(rig.pings[4])).size() == 1);
}

TEST_CASE("the deadline is put off while the pong may be unread") {
  KeepaliveRig rig(2, 3);
  rig.pong_may_be_unread = true;
  rig.loop.RunFor(Units(15));
  CHECK(rig.timeouts == 0);
  rig.pong_may_be_unread = false;
  rig.RunUntilTimeout();
}

TEST_CASE("pongs have their whole time after the last progress of an output that is behind") {
  KeepaliveRig rig(2, 10);
  rig.RunUntilPings(1);
  rig.loop.RunFor(Units(3));
  const auto written = test::Clock::now();
  rig.keepalive.OnProgress();
  rig.RunUntilTimeout();
  CHECK(Since(written) >= Units(10) - test::Milliseconds(2));
}

TEST_CASE("after a pause pongs have their whole time again") {
  KeepaliveRig rig(2, 10);
  rig.RunUntilPings(1);
  rig.loop.RunFor(Units(3));
  const auto resumed = test::Clock::now();
  rig.keepalive.OnResume();
  rig.RunUntilTimeout();
  CHECK(Since(resumed) >= Units(10) - test::Milliseconds(2));
}

TEST_CASE("stopped while it sleeps or waits for a pong, nothing comes any more") {
  KeepaliveRig rig(2, 5);
  rig.RunUntilPings(1);
  rig.keepalive.Stop();
  rig.loop.RunFor(Units(12));
  CHECK(rig.pings.size() == 1);
  CHECK(rig.timeouts == 0);
}

}  // namespace
}  // namespace hawser::reader
