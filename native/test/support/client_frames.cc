#include "test/support/client_frames.h"

#include <array>
#include <span>

namespace hawser::test {
namespace {

std::uint64_t TakeBigEndian(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) throw std::runtime_error("frame is cut");
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, size)) value = value << 8 | static_cast<std::uint8_t>(byte);
  bytes.remove_prefix(size);
  return value;
}

std::uint64_t TakeLength(std::string_view& bytes) {
  const std::uint64_t second = TakeBigEndian(bytes, 1);
  if (second < 0x80) throw std::runtime_error("frame is not masked");
  if (second == 0x80 + 126) {
    const std::uint64_t length = TakeBigEndian(bytes, 2);
    if (length < 126) throw std::runtime_error("16-bit length is not minimal");
    return length;
  }
  if (second == 0x80 + 127) {
    const std::uint64_t length = TakeBigEndian(bytes, 8);
    if (length <= 0xFFFF) throw std::runtime_error("64-bit length is not minimal");
    return length;
  }
  return second - 0x80;
}

}  // namespace

SentFrame SentClose(std::uint16_t code, std::string_view reason) {
  return {core::Opcode::kClose, BigEndian(code, 2).append(reason)};
}

SentFrames ReadClientFrames(std::string_view bytes) {
  SentFrames frames;
  while (!bytes.empty()) {
    const std::uint64_t first = TakeBigEndian(bytes, 1);
    if ((first & 0x30) != 0) throw std::runtime_error("reserved bits are set");
    SentFrame frame{static_cast<core::Opcode>(first & 0x0F), {}, first >= 0x80, (first & 0x40) != 0};
    const std::uint64_t length = TakeLength(bytes);
    const std::string key = BigEndian(TakeBigEndian(bytes, 4), 4);
    if (bytes.size() < length) throw std::runtime_error("payload is cut");
    for (std::size_t i = 0; i < length; ++i) frame.payload += static_cast<char>(bytes[i] ^ key[i % 4]);
    bytes.remove_prefix(length);
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::string TakeOutput(core::OutputQueue& output) {
  std::string bytes;
  std::array<std::span<const std::uint8_t>, 3> pieces;
  while (const std::size_t count = output.Peek(pieces)) {
    std::size_t size = 0;
    for (const auto piece : std::span(pieces).first(count)) {
      bytes += AsString(piece);
      size += piece.size();
    }
    output.Consume(size);
  }
  return bytes;
}

}  // namespace hawser::test
