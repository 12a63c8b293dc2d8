// Whether a consumer that was just woken is about to send: request and answer, one at a time, is the one pattern in
// which sleeping in the poll between two messages costs more than they do. Learns from what happened the last times, so
// a connection that only receives never waits. Reader thread.
#pragma once

#include <uv.h>

#include <cstdint>

namespace hawser::reader {

class ReplyWait {
 public:
  // Nanoseconds to wait for a reply, at most.
  static constexpr std::uint64_t kMost = 50'000;

  // A waiting consumer is being woken.
  void OnDelivery() {
    if (pending_ && score_ > 0) --score_;
    pending_ = true;
    delivered_at_ = uv_hrtime();
  }
  // The application sent something.
  void OnSend() {
    if (!pending_) return;
    pending_ = false;
    const bool prompt = uv_hrtime() - delivered_at_ < 4 * kMost;
    if (prompt && score_ < kCertain) ++score_;
    if (!prompt && score_ > 0) --score_;
  }
  bool worthwhile() const { return pending_ && score_ >= kLikely; }
  bool over() const { return uv_hrtime() - delivered_at_ > kMost; }

 private:
  static constexpr int kLikely = 4;
  static constexpr int kCertain = 8;

  int score_ = 0;
  bool pending_ = false;  // delivered, and nothing sent since
  std::uint64_t delivered_at_ = 0;
};

}  // namespace hawser::reader
