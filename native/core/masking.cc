#include "core/masking.h"

#include <cstring>

namespace hawser::core {
namespace {

// Masks one block through a local copy: the compiler then vectorises without asking whether the two places overlap.
template <std::size_t kWords>
void MaskBlock(std::uint8_t* to, const std::uint8_t* from, std::uint64_t key) {
  std::array<std::uint64_t, kWords> block{};
  std::memcpy(block.data(), from, sizeof(block));
  for (auto& word : block) word ^= key;
  std::memcpy(to, block.data(), sizeof(block));
}

}  // namespace

void MaskCopy(std::uint8_t* to, const std::uint8_t* from, std::size_t size, MaskingKey key) {
  // Repeated in memory order, so the same on either byte order.
  std::uint64_t wide_key = 0;
  const std::array<MaskingKey, 2> twice{key, key};
  std::memcpy(&wide_key, twice.data(), sizeof(wide_key));

  std::size_t i = 0;
  for (; size - i >= 64; i += 64) MaskBlock<8>(to + i, from + i, wide_key);
  for (; size - i >= 8; i += 8) MaskBlock<1>(to + i, from + i, wide_key);
  for (; i < size; ++i) to[i] = from[i] ^ key[i % 4];
}

}  // namespace hawser::core
