#include "reader/command_queue.h"

#include <utility>

namespace hawser::reader {

void CommandQueue::Post(Command command, std::uint64_t payload) {
  posted_ += payload;
  Lock lock(mutex_);
  if (closed_) return;
  commands_.push_back(std::move(command));
  waiting_.store(true, std::memory_order_relaxed);
  if (async_ == nullptr || awake_) return;
  awake_ = true;
  // Under the lock, against the rule: it is what keeps the handle open, and the call neither blocks nor calls back.
  uv_async_send(async_);
}

void CommandQueue::Open(uv_async_t* async) {
  Lock lock(mutex_);
  if (closed_) return;
  async_ = async;
  awake_ = !commands_.empty();
  if (awake_) uv_async_send(async_);
}

void CommandQueue::Close() {
  std::vector<Command> dropped;
  Lock lock(mutex_);
  closed_ = true;
  async_ = nullptr;
  std::swap(dropped, commands_);
}

bool CommandQueue::Take(std::vector<Command>& commands) {
  commands.clear();
  Lock lock(mutex_);
  std::swap(commands, commands_);
  waiting_.store(false, std::memory_order_relaxed);
  awake_ = !commands.empty();
  return awake_;
}

void CommandQueue::LookAgain() {
  Lock lock(mutex_);
  if (async_ != nullptr) uv_async_send(async_);
}

void CommandQueue::StayAwake() {
  Lock lock(mutex_);
  awake_ = true;
}

}  // namespace hawser::reader
