// Sees each frame of a connection, for those who look on: logs and diagnostics. Must not throw.
#pragma once

#include <cstdint>
#include <span>

#include "core/frame_header.h"

namespace hawser::core {

enum class Direction : std::uint8_t { kReceived, kSent };

class FrameObserver {
 public:
  // `payload` is what is at hand of it: all of one sent, before it was compressed; all of a control frame; of a data
  // frame received, as it came, perhaps nothing yet. `header.compressed` says so of all frames of a compressed message.
  virtual void OnFrame(Direction direction, const FrameHeader& header,
                       std::span<const std::uint8_t> payload) noexcept = 0;

 protected:
  ~FrameObserver() = default;
};

}  // namespace hawser::core
