// Remembers the frames that a protocol shows to those who look on.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "core/frame_observer.h"
#include "test/support/bytes.h"

namespace hawser::test {

struct Observed {
  core::Direction direction = core::Direction::kReceived;
  core::Opcode opcode = core::Opcode::kContinuation;
  bool fin = true;
  std::uint64_t length = 0;
  bool compressed = false;
  std::string payload;

  bool operator==(const Observed&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Observed& frame) {
  return out << (frame.direction == core::Direction::kSent ? ">" : "<") << static_cast<int>(frame.opcode)
             << (frame.fin ? " fin " : " ") << frame.length << (frame.compressed ? " compressed " : " ")
             << frame.payload;
}

class Observer final : public core::FrameObserver {
 public:
  void OnFrame(core::Direction direction, const core::FrameHeader& header,
               std::span<const std::uint8_t> payload) noexcept override {
    frames.push_back({direction, header.opcode, header.fin, header.length, header.compressed, AsString(payload)});
  }
  std::vector<Observed> frames;
};

}  // namespace hawser::test
