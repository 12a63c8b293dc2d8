// Counts of what went over a connection, for its statistics.
#pragma once

#include <array>
#include <cstdint>

#include "core/opcode.h"

namespace hawser::core {

// One direction.
struct Traffic {
  std::array<std::uint64_t, 16> frames{};  // by opcode
  std::uint64_t messages = 0;              // whole ones
  std::uint64_t message_bytes = 0;         // their payloads, not compressed

  void CountFrame(Opcode opcode) { ++frames.at(static_cast<std::size_t>(opcode)); }
  std::uint64_t of(Opcode opcode) const { return frames.at(static_cast<std::size_t>(opcode)); }
};

}  // namespace hawser::core
