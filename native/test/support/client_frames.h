// Reads what a client sends, strictly and naively: every frame masked, with minimal length.
#pragma once

#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/opcode.h"
#include "core/output_queue.h"
#include "test/support/bytes.h"

namespace hawser::test {

struct SentFrame {
  core::Opcode opcode;
  std::string payload;
  bool fin = true;
  bool rsv1 = false;

  bool operator==(const SentFrame&) const = default;
};
using SentFrames = std::vector<SentFrame>;

inline std::ostream& operator<<(std::ostream& out, const SentFrame& frame) {
  return out << "{" << static_cast<int>(frame.opcode) << (frame.fin ? " fin" : "") << (frame.rsv1 ? " rsv1 " : " ")
             << frame.payload << "}";
}
inline std::ostream& operator<<(std::ostream& out, const SentFrames& frames) {
  out << "[";
  for (const SentFrame& frame : frames) out << " " << frame;
  return out << " ]";
}

// A client's Close with a code and a reason.
SentFrame SentClose(std::uint16_t code, std::string_view reason = {});
inline SentFrame SentPong(std::string payload) { return {core::Opcode::kPong, std::move(payload)}; }

// Throws std::runtime_error if `bytes` are not whole, masked frames.
SentFrames ReadClientFrames(std::string_view bytes);

// Everything that waits to be written, consumed.
std::string TakeOutput(core::OutputQueue& output);

}  // namespace hawser::test
