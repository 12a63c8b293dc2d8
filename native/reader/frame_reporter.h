// Tells JavaScript of frames, where somebody looks on: all of them, or those of pings and pongs. Bounded: who is slower
// than the frames hears how many were left out. Reader thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <utility>

#include "core/frame_observer.h"
#include "core/opcode.h"
#include "reader/delivery_queue.h"
#include "reader/notice.h"

namespace hawser::reader {

enum class Observation : std::uint8_t { kNone = 0, kPings = 1, kFrames = 2 };

class FrameReporter final : public core::FrameObserver {
 public:
  FrameReporter(Observation observation, DeliveryQueue& delivery, Bell& bell)
      : observation_(observation), delivery_(delivery), bell_(bell) {}

  bool active() const { return observation_ != Observation::kNone; }
  // The next ping sent is the reader's own.
  void KeepaliveNext() { keepalive_ = true; }

  void OnFrame(core::Direction direction, const core::FrameHeader& header,
               std::span<const std::uint8_t> payload) noexcept override {
    const bool sent = direction == core::Direction::kSent;
    const bool keepalive = sent && header.opcode == core::Opcode::kPing && std::exchange(keepalive_, false);
    const bool is_ping = header.opcode == core::Opcode::kPing || header.opcode == core::Opcode::kPong;
    if (observation_ == Observation::kPings && !is_ping) return;
    try {
      const auto shown = payload.first(std::min(payload.size(), kShown));
      FrameSeen seen{.direction = direction, .header = header, .payload = {shown.begin(), shown.end()}};
      // What was sent is at hand whole, and its length is that of its compressed form.
      seen.cut = shown.size() < (sent ? payload.size() : header.length);
      seen.keepalive = keepalive;
      delivery_.PostFrame(std::move(seen));
      bell_.Ring(kReadyNotices);
    } catch (const std::exception&) {
      // Who looks on must not disturb.
    }
  }

 private:
  static constexpr std::size_t kShown = 128;

  const Observation observation_;
  DeliveryQueue& delivery_;
  Bell& bell_;
  bool keepalive_ = false;
};

}  // namespace hawser::reader
