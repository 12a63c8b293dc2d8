// Turns payloads into masked client frames (RFC 6455 §5.2, §5.3) at the end of an output queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/masking.h"
#include "core/opcode.h"
#include "core/output_queue.h"
#include "core/payload.h"

namespace hawser::core {

struct FrameHead {
  Opcode opcode = Opcode::kBinary;
  bool fin = true;
  bool rsv1 = false;                                     // the first frame of a compressed message (RFC 7692 §6)
  std::optional<std::size_t> plain_size = std::nullopt;  // of a data frame's payload before it was compressed
};

class FrameWriter {
 public:
  FrameWriter(OutputQueue& output, MaskingKeySource& keys) : output_(output), keys_(keys) {}

  // One whole frame each, at the end of the queue or (Urgent) ahead of what has not begun to be written. They throw
  // std::bad_alloc, and then nothing was written.
  void Write(const FrameHead& head, std::span<const std::uint8_t> payload);
  // Masks `payload` in place instead of copying it; it is gone even if this throws.
  void WriteLarge(const FrameHead& head, Payload payload);
  void WriteUrgent(Opcode opcode, std::span<const std::uint8_t> payload);

 private:
  OutputQueue& output_;
  MaskingKeySource& keys_;
};

}  // namespace hawser::core
