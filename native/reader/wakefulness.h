// Keeps a reader's loop from sleeping in its poll: calls between one poll and the next, while active. One reader of the
// process at a time, since it takes a core. Reader thread; the uv handle outlives the object by the one turn of the
// loop that closing it takes.
#pragma once

#include <uv.h>

#include <atomic>
#include <functional>
#include <utility>

namespace hawser::reader {

class Wakefulness {
 public:
  // `look` must not throw and may destroy the object.
  Wakefulness(uv_loop_t* loop, std::function<void()> look) : look_(std::move(look)), handle_(new uv_idle_t) {
    uv_idle_init(loop, handle_);
    handle_->data = this;
  }
  ~Wakefulness() {
    Stop();
    uv_close(reinterpret_cast<uv_handle_t*>(handle_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_idle_t*>(handle); });
  }
  Wakefulness(const Wakefulness&) = delete;
  Wakefulness& operator=(const Wakefulness&) = delete;

  // Whether it is active; not if another reader is awake.
  bool Start() {
    if (active_) return true;
    if (somebody.exchange(true, std::memory_order_relaxed)) return false;
    active_ = true;
    uv_idle_start(handle_, [](uv_idle_t* handle) { static_cast<Wakefulness*>(handle->data)->look_(); });
    return true;
  }
  void Stop() {
    if (!std::exchange(active_, false)) return;
    uv_idle_stop(handle_);
    somebody.store(false, std::memory_order_relaxed);
  }

 private:
  static inline std::atomic<bool> somebody{false};  // a token, nothing is published with it, so relaxed

  std::function<void()> look_;
  uv_idle_t* handle_;
  bool active_ = false;
};

}  // namespace hawser::reader
