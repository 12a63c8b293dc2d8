// Masking (RFC 6455 §5.3): XOR with a repeating four-byte key, and where keys come from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hawser::core {

using MaskingKey = std::array<std::uint8_t, 4>;

// Keys must be unpredictable (§5.3, §10.3): the reader draws them from the system's CSPRNG, tests fix them.
class MaskingKeySource {
 public:
  virtual MaskingKey NextKey() = 0;

 protected:
  ~MaskingKeySource() = default;
};

// Copies `size` bytes from `from` to `to`, masked. The two may be the same place; they may not overlap otherwise.
void MaskCopy(std::uint8_t* to, const std::uint8_t* from, std::size_t size, MaskingKey key);

}  // namespace hawser::core
