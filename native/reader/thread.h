// An OS thread that computes one value. The value exists for others only as what Join returns: this type is how
// the close outcome cannot be read before the reader has returned.
#pragma once

#include <uv.h>

#include <optional>
#include <system_error>
#include <utility>

#include "reader/thread_cpu_time.h"

#if !defined(_WIN32)
#include <pthread.h>

#include <csignal>
#endif

namespace hawser::reader {

// Ample for libuv, OpenSSL and zlib; the default of 8 MiB would be address space for nothing.
inline constexpr std::size_t kThreadStack = std::size_t{512} << 10;

template <typename Result>
class ResultThread {
 public:
  ResultThread() = default;
  ResultThread(const ResultThread&) = delete;
  ResultThread& operator=(const ResultThread&) = delete;

  // Runs `body` on a new thread: call last, once everything that it reads is there. `body` must not throw.
  // Throws std::system_error if the system has no thread to give.
  template <typename Body>
  void Start(Body body) {
    struct Task {
      Body body;
      std::optional<Result>& result;
    };
    auto* task = new Task{std::move(body), result_};
    uv_thread_options_t options{};
    options.flags = UV_THREAD_HAS_STACK_SIZE;
    options.stack_size = kThreadStack;
    [[maybe_unused]] const SignalsBlocked blocked;
    int error = uv_thread_create_ex(
        &thread_, &options,
        [](void* argument) {
          std::optional<Result>* slot = nullptr;
          {
            auto* own = static_cast<Task*>(argument);
            slot = &own->result;
            slot->emplace(own->body());
            delete own;
          }
        },
        task);
    if (error != 0) {
      delete task;
      throw std::system_error(-error, std::generic_category(), "cannot start a reader thread");
    }
    started_ = true;
  }

  bool started() const { return started_; }
  // What it has used of a processor, in nanoseconds; of a running thread only.
  std::uint64_t CpuTime() const { return CpuTimeOf(thread_); }

  // Waits for the thread's last instruction, then hands its value over. Once only, by the owner.
  Result Join() {
    uv_thread_join(&thread_);
    started_ = false;
    return *std::exchange(result_, std::nullopt);
  }

 private:
  // A new thread inherits the mask: the application's signals stay with the application's threads, and writing to
  // a closed socket is an error here, not a SIGPIPE.
  class SignalsBlocked {
#if !defined(_WIN32)
   public:
    SignalsBlocked() {
      sigset_t all;
      sigfillset(&all);
      for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&all, own);
      pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

   private:
    sigset_t before_{};
#endif
  };

  uv_thread_t thread_{};
  bool started_ = false;
  std::optional<Result> result_;  // the thread's until Join
};

}  // namespace hawser::reader
