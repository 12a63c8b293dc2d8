// A reader thread's room: its uv loop and what its sessions share, which is the chunk that sockets are read into, the
// masking keys and the moment, once a turn, at which messages are published. Reader thread.
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "reader/masking_key_pool.h"

namespace hawser::reader {

// Gets a call at the end of the turn of the loop in which it asked for one, before the loop sleeps.
class TurnListener {
 public:
  virtual void OnTurnEnd() noexcept = 0;

 protected:
  ~TurnListener() = default;
};

class Loop {
 public:
  // Throws std::system_error, for want of descriptors mostly.
  Loop();
  // Closes what its owner opened on it is not its job: every handle must be closing by then.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* uv() { return &loop_; }
  std::span<std::uint8_t> chunk() { return {chunk_.get(), kChunk}; }
  MaskingKeyPool& masking_keys() { return masking_keys_; }

  void CallAtTurnEnd(TurnListener& listener) { waiting_.push_back(&listener); }
  void Forget(TurnListener& listener) { std::erase(waiting_, &listener); }

  // Until nothing keeps it alive.
  void Run() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;

  void EndTurn();

  uv_loop_t loop_{};
  uv_check_t check_{};      // behind the poll
  uv_prepare_t prepare_{};  // before it: timers and idle handles come in between
  std::vector<TurnListener*> waiting_;
  std::vector<TurnListener*> called_;
  MaskingKeyPool masking_keys_;
  const std::unique_ptr<std::uint8_t[]> chunk_ = std::make_unique_for_overwrite<std::uint8_t[]>(kChunk);
};

}  // namespace hawser::reader
