// Bytes for tests, kept in strings: they print, compare and add up.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hawser::test {

// "81 05" -> two bytes.
inline std::string Hex(std::string_view digits) {
  std::string bytes;
  std::string pair;
  for (const char digit : digits) {
    if (digit == ' ') continue;
    pair += digit;
    if (pair.size() == 2) {
      bytes += static_cast<char>(std::stoi(pair, nullptr, 16));
      pair.clear();
    }
  }
  return bytes;
}

inline std::span<const std::uint8_t> AsSpan(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

inline std::span<std::uint8_t> AsWritable(std::string& bytes) {
  return {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()};
}

inline std::string AsString(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

inline std::string BigEndian(std::uint64_t value, int bytes) {
  std::string result;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) result += static_cast<char>(value >> shift);
  return result;
}

// A server's frame: `first` is FIN, reserved bits and opcode.
inline std::string ServerFrame(std::uint8_t first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xFFFF) {
    frame += '\x7E' + BigEndian(payload.size(), 2);
  } else {
    frame += '\x7F' + BigEndian(payload.size(), 8);
  }
  return frame.append(payload);
}

}  // namespace hawser::test
