// JavaScript to reader: commands in order, and how much of what was sent is written. One of the two objects that
// two threads touch.
#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "reader/command.h"
#include "reader/mutex.h"

namespace hawser::reader {

class CommandQueue {
 public:
  // --- JS thread ---
  // `payload` is how many application bytes the command sends. Commands after the reader's end are dropped.
  void Post(Command command, std::uint64_t payload = 0);
  // Application bytes posted and not yet written to the socket.
  std::uint64_t buffered() const { return posted_ - written_.load(std::memory_order_relaxed); }

  // --- reader thread ---
  // From here on Post wakes the loop of `async`; rings at once if commands are waiting.
  void Open(uv_async_t* async);
  // From here on Post never touches the async handle again.
  void Close();
  // Takes all that is waiting. False if nothing is; the next Post then wakes the loop, until then none does.
  bool Take(std::vector<Command>& commands);
  // Wakes the loop for what may come: the reader has stopped looking although it might find more.
  void LookAgain();
  // The reader will look again by itself: Post need not wake the loop until the next Take that finds nothing.
  void StayAwake();
  // Whether something is waiting, without taking the mutex: for a reader that is looking again and again.
  bool waiting() const { return waiting_.load(std::memory_order_relaxed); }
  void AddWritten(std::uint64_t payload) { written_.fetch_add(payload, std::memory_order_relaxed); }

 private:
  Mutex mutex_;
  std::vector<Command> commands_ HAWSER_GUARDED_BY(mutex_);
  uv_async_t* async_ HAWSER_GUARDED_BY(mutex_) = nullptr;
  bool awake_ HAWSER_GUARDED_BY(mutex_) = false;  // the reader will look again without being woken
  bool closed_ HAWSER_GUARDED_BY(mutex_) = false;

  std::atomic<bool> waiting_{false};       // whether commands_ holds any; a hint, what it says is read under the mutex
  std::uint64_t posted_ = 0;               // JS thread
  std::atomic<std::uint64_t> written_{0};  // written by the reader, read by JavaScript; a mere count, so relaxed
};

}  // namespace hawser::reader
