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

class Room final : KeepaliveHost {
 public:
  Room(int interval, int timeout)
      : keepalive(loop.uv(), Count(Units(interval)), Count(Units(timeout)), *this), started(test::Clock::now()) {
    keepalive.Start();
  }
  ~Room() { keepalive.Stop(); }

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
  Room room(2, 100);
  room.answer = true;
  room.RunUntilPings(3);
  CHECK(Since(room.started) >= Units(6) - test::Milliseconds(3));
  for (const std::string& ping : room.pings) CHECK(ping.size() == 8);
  CHECK(room.pings[0] != room.pings[1]);
}

TEST_CASE("an interval of 0 sends no pings") {
  Room room(0, 1);
  room.loop.RunFor(Units(5));
  CHECK(room.pings.empty());
  CHECK(room.timeouts == 0);
}

TEST_CASE("without a pong the timeout comes after the first ping's time") {
  Room room(2, 5);
  room.RunUntilTimeout();
  CHECK(Since(room.started) >= Units(7) - test::Milliseconds(2));
  CHECK(room.timeouts == 1);
}

TEST_CASE("pings that are answered do not time out") {
  Room room(1, 2);
  room.answer = true;
  room.RunUntilPings(6);
  CHECK(room.timeouts == 0);
}

TEST_CASE("a pong that answers another ping does not move the deadline") {
  Room room(2, 5);
  room.keepalive.AddPing(1, AsSpan("application"));
  room.RunUntilPings(1);
  CHECK(room.keepalive.OnPong(AsSpan("application")).size() == 1);
  CHECK(room.keepalive.OnPong(AsSpan("foreign")).empty());
  room.RunUntilTimeout();
}

TEST_CASE("a later pong settles the pings before it") {
  Room room(2, 100);
  room.RunUntilPings(2);
  CHECK(room.keepalive.OnPong(AsSpan(room.pings[1])).size() == 2);
  CHECK(room.timeouts == 0);
}

TEST_CASE("a timeout of 0 never comes, and forgotten pings take no memory") {
  Room room(1, 0);
  room.RunUntilPings(5);
  CHECK(room.timeouts == 0);
  CHECK(room.keepalive.OnPong(AsSpan(room.pings[0])).empty());
  CHECK(room.keepalive.OnPong(AsSpan(room.pings[4])).size() == 1);
}

TEST_CASE("the deadline is put off while the pong may be unread") {
  Room room(2, 3);
  room.pong_may_be_unread = true;
  room.loop.RunFor(Units(15));
  CHECK(room.timeouts == 0);
  room.pong_may_be_unread = false;
  room.RunUntilTimeout();
}

TEST_CASE("pongs have their whole time after the last progress of an output that is behind") {
  Room room(2, 10);
  room.RunUntilPings(1);
  room.loop.RunFor(Units(3));
  const auto written = test::Clock::now();
  room.keepalive.OnProgress();
  room.RunUntilTimeout();
  CHECK(Since(written) >= Units(10) - test::Milliseconds(2));
}

TEST_CASE("after a pause pongs have their whole time again") {
  Room room(2, 10);
  room.RunUntilPings(1);
  room.loop.RunFor(Units(3));
  const auto resumed = test::Clock::now();
  room.keepalive.OnResume();
  room.RunUntilTimeout();
  CHECK(Since(resumed) >= Units(10) - test::Milliseconds(2));
}

TEST_CASE("stopped while it sleeps or waits for a pong, nothing comes any more") {
  Room room(2, 5);
  room.RunUntilPings(1);
  room.keepalive.Stop();
  room.loop.RunFor(Units(12));
  CHECK(room.pings.size() == 1);
  CHECK(room.timeouts == 0);
}

}  // namespace
}  // namespace hawser::reader
