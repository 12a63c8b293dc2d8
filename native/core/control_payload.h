// The payload of a control frame: at most 125 bytes (RFC 6455 §5.5), so it needs no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/limits.h"

namespace hawser::core {

class ControlPayload {
 public:
  ControlPayload() = default;
  explicit ControlPayload(std::span<const std::uint8_t> bytes) { Append(bytes); }

  void Append(std::span<const std::uint8_t> bytes) {
    assert(bytes.size() <= bytes_.size() - size_);
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + size_);
    size_ = static_cast<std::uint8_t>(size_ + bytes.size());
  }
  void Clear() { size_ = 0; }

  std::size_t size() const { return size_; }
  std::span<const std::uint8_t> span() const { return std::span(bytes_).first(size_); }

 private:
  std::array<std::uint8_t, kMaxControlPayload> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace hawser::core
