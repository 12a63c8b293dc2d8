// A reader's loop that a test runs in its own thread, with a guard against running for ever.
#pragma once

#include <uv.h>

#include <functional>

#include "reader/loop.h"
#include "reader/timer.h"
#include "test/support/reader/times.h"

namespace hawser::test {

class TestLoop {
 public:
  TestLoop() : guard_(loop_.uv(), [this] { late_ = true; }) {}

  uv_loop_t* uv() { return loop_.uv(); }
  reader::Loop& loop() { return loop_; }

  // Runs until `done` says so, or there is nothing left to wait for; false if that takes too long.
  bool RunUntil(const std::function<bool()>& done) {
    guard_.Start(Count(Patience()));
    while (!late_ && !done() && uv_run(loop_.uv(), UV_RUN_ONCE) != 0) continue;
    guard_.Stop();
    return !late_;
  }
  // Runs for so long.
  void RunFor(Milliseconds time) {
    bool over = false;
    reader::Timer timer(loop_.uv(), [&over] { over = true; });
    timer.Start(Count(time));
    (void)RunUntil([&over] { return over; });
  }

 private:
  reader::Loop loop_;
  reader::Timer guard_;
  bool late_ = false;
};

}  // namespace hawser::test
