// Whether somebody who was just told something is about to answer: request and answer, one at a time, is the one
// pattern in which sleeping in the poll between two messages costs more than they do. Learns from what happened the
// last times, so a connection whose messages go one way never waits, nor one whose peer is far away. Reader thread.
#pragma once

#include <uv.h>

#include <cstdint>

namespace hawser::reader {

class ReplyWait {
 public:
  // Nanoseconds to wait for a reply, at most.
  static constexpr std::uint64_t kMost = 100'000;

  // A message goes to the other side.
  void OnTold() {
    if (pending_ && score_ > 0) --score_;
    pending_ = true;
    told_at_ = uv_hrtime();
  }
  // Something came from the other side.
  void OnReply() {
    if (!pending_) return;
    pending_ = false;
    // One that was waited for came without the wakes that slow down the others.
    const bool prompt = uv_hrtime() - told_at_ < (score_ >= kLikely ? kMost : 2 * kMost);
    if (prompt && score_ < kCertain) ++score_;
    if (!prompt && score_ > 0) --score_;
  }
  // Whether to wait on.
  bool worthwhile() const { return pending_ && score_ >= kLikely && uv_hrtime() - told_at_ <= kMost; }

 private:
  static constexpr int kLikely = 4;
  static constexpr int kCertain = 8;

  int score_ = 0;
  bool pending_ = false;  // told, and nothing came since
  std::uint64_t told_at_ = 0;
};

}  // namespace hawser::reader
