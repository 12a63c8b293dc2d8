// A one-shot timer on a reader's loop. Reader thread. The uv handle outlives the object by the one turn of the loop
// that closing it takes.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <utility>

namespace hawser::reader {

class Timer {
 public:
  // `fire` must not throw and may destroy the timer.
  Timer(uv_loop_t* loop, std::function<void()> fire) : fire_(std::move(fire)), handle_(new uv_timer_t) {
    uv_timer_init(loop, handle_);
    handle_->data = this;
  }
  ~Timer() {
    uv_close(reinterpret_cast<uv_handle_t*>(handle_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Fires once after `milliseconds`, counted from now rather than from when the loop last looked at the clock.
  void Start(std::uint64_t milliseconds) {
    uv_update_time(handle_->loop);
    uv_timer_start(
        handle_, [](uv_timer_t* handle) { static_cast<Timer*>(handle->data)->fire_(); }, milliseconds, 0);
  }
  void Stop() { uv_timer_stop(handle_); }
  // As Start, unless it fires sooner than that already.
  void StartBy(std::uint64_t milliseconds) {
    if (!active() || uv_timer_get_due_in(handle_) > milliseconds) Start(milliseconds);
  }
  bool active() const { return uv_is_active(reinterpret_cast<const uv_handle_t*>(handle_)) != 0; }

 private:
  std::function<void()> fire_;
  uv_timer_t* handle_;
};

}  // namespace hawser::reader
