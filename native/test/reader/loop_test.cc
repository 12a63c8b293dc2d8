// A reader's loop and its timers: what is called, when, and what is left after.
#include "reader/loop.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "reader/timer.h"
#include "reader/wakefulness.h"
#include "test/support/reader/times.h"

namespace hawser::reader {
namespace {

using test::Count;
using test::Since;
using test::Units;

class Listener final : public TurnListener {
 public:
  Listener(std::vector<int>& calls, int name) : calls_(calls), name_(name) {}
  void OnTurnEnd() noexcept override { calls_.push_back(name_); }

 private:
  std::vector<int>& calls_;
  int name_;
};

// One turn.
void Turn(Loop& loop) {
  Timer reason(loop.uv(), [] {});
  reason.Start(0);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
}

TEST_CASE("who asks for it is called once at the turn's end, in order") {
  Loop loop;
  std::vector<int> calls;
  Listener first(calls, 1);
  Listener second(calls, 2);
  loop.CallAtTurnEnd(first);
  loop.CallAtTurnEnd(second);
  CHECK(calls.empty());
  Turn(loop);
  Turn(loop);
  CHECK(calls == std::vector<int>{1, 2});
}

TEST_CASE("who asks for it in a timer is called before the loop sleeps") {
  class Stopwatch final : public TurnListener {
   public:
    void OnTurnEnd() noexcept override { called_after = Since(start_); }
    test::Milliseconds called_after{-1};

   private:
    const test::Clock::time_point start_ = test::Clock::now();
  };
  Loop loop;
  Stopwatch listener;
  Timer ask(loop.uv(), [&] { loop.CallAtTurnEnd(listener); });
  Timer wake(loop.uv(), [] {});
  ask.Start(0);
  wake.Start(Count(2 * test::Medium()));
  loop.Run();
  CHECK(listener.called_after >= test::Milliseconds(0));
  CHECK(listener.called_after < test::Medium());
}

TEST_CASE("who is forgotten is not called") {
  Loop loop;
  std::vector<int> calls;
  Listener first(calls, 1);
  Listener second(calls, 2);
  loop.CallAtTurnEnd(first);
  loop.CallAtTurnEnd(second);
  loop.Forget(first);
  Turn(loop);
  CHECK(calls == std::vector<int>{2});
}

TEST_CASE("a loop with nothing to wait for ends") {
  Loop loop;
  loop.Run();
}

TEST_CASE("masking keys do not repeat") {
  Loop loop;
  std::vector<core::MaskingKey> keys;
  keys.reserve(3000);
  for (int i = 0; i < 3000; ++i) keys.push_back(loop.masking_keys().NextKey());
  int repeated = 0;
  for (std::size_t i = 1; i < keys.size(); ++i) repeated += keys[i] == keys[i - 1] ? 1 : 0;
  CHECK(repeated == 0);
}

TEST_CASE("a timer fires once, not before its time") {
  Loop loop;
  int fired = 0;
  Timer timer(loop.uv(), [&fired] { ++fired; });
  const auto started = test::Clock::now();
  timer.Start(Count(Units(2)));
  CHECK(timer.active());
  loop.Run();
  CHECK(fired == 1);
  CHECK_FALSE(timer.active());
  CHECK(Since(started) >= Units(2) - test::Milliseconds(1));
}

TEST_CASE("a timer started again counts from then") {
  Loop loop;
  int fired = 0;
  Timer timer(loop.uv(), [&fired] { ++fired; });
  timer.Start(0);
  timer.Start(Count(Units(2)));
  const auto started = test::Clock::now();
  loop.Run();
  CHECK(fired == 1);
  CHECK(Since(started) >= Units(2) - test::Milliseconds(1));
}

TEST_CASE("a timer that is stopped does not fire") {
  Loop loop;
  int fired = 0;
  Timer timer(loop.uv(), [&fired] { ++fired; });
  timer.Start(0);
  timer.Stop();
  loop.Run();
  CHECK(fired == 0);
}

TEST_CASE("a timer may be destroyed while it runs") {
  Loop loop;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop.uv(), [&timer] { timer.reset(); });
  timer->Start(0);
  loop.Run();
  CHECK(timer == nullptr);
}

TEST_CASE("a timer brought forward fires no later than it would have") {
  Loop loop;
  int fired = 0;
  Timer timer(loop.uv(), [&fired] { ++fired; });
  const auto started = test::Clock::now();
  timer.StartBy(Count(Units(2)));
  timer.StartBy(Count(test::Patience()));
  loop.Run();
  CHECK(fired == 1);
  CHECK(Since(started) < test::Patience());
}

TEST_CASE("a wakeful loop does not sleep and looks between its polls") {
  Loop loop;
  int looks = 0;
  Wakefulness wakefulness(loop.uv(), [&] {
    if (++looks == 3) wakefulness.Stop();
  });
  CHECK(wakefulness.Start());
  loop.Run();
  CHECK(looks == 3);
}

TEST_CASE("one loop at a time is wakeful, and another may be when it sleeps again or is gone") {
  Loop loop;
  Wakefulness first(loop.uv(), [] {});
  {
    Wakefulness second(loop.uv(), [] {});
    CHECK(second.Start());
    CHECK(second.Start());
    CHECK_FALSE(first.Start());
  }
  CHECK(first.Start());
  first.Stop();
  Wakefulness third(loop.uv(), [] {});
  CHECK(third.Start());
}

}  // namespace
}  // namespace hawser::reader
