// A frame header after judgement (RFC 6455 §5.2): what is left once every rule about it holds.
#pragma once

#include <cstdint>

#include "core/opcode.h"

namespace hawser::core {

struct FrameHeader {
  Opcode opcode = Opcode::kContinuation;
  bool fin = false;
  std::uint64_t length = 0;
  bool compressed = false;  // RSV1 of a message's first frame (RFC 7692 §6)
};

}  // namespace hawser::core
