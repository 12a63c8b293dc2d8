#include "core/masking.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace hawser::core {
namespace {

constexpr MaskingKey kKey{0x37, 0xFA, 0x21, 0x3D};
constexpr std::size_t kMaxSize = 300;
constexpr std::size_t kAlignments = 16;

std::vector<std::uint8_t> Sample(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 3);
  return bytes;
}

// RFC 6455 §5.3, word for word.
std::vector<std::uint8_t> NaiveMask(std::vector<std::uint8_t> bytes, MaskingKey key) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= key[i % 4];
  return bytes;
}

TEST_CASE("masking does what the definition says, for every small size and alignment") {
  for (std::size_t size = 0; size <= kMaxSize; ++size) {
    const auto from = Sample(size);
    const auto expected = NaiveMask(from, kKey);
    for (std::size_t align = 0; align < kAlignments; ++align) {
      std::vector<std::uint8_t> to(align + size + 1, 0xEE);
      std::vector<std::uint8_t> shifted(kAlignments - align, 0);
      shifted.insert(shifted.end(), from.begin(), from.end());
      MaskCopy(to.data() + align, shifted.data() + (kAlignments - align), size, kKey);
      REQUIRE(std::vector(to.begin() + static_cast<std::ptrdiff_t>(align), to.end() - 1) == expected);
      REQUIRE(to.back() == 0xEE);
    }
  }
}

TEST_CASE("masking in place does the same") {
  for (std::size_t size = 0; size <= kMaxSize; ++size) {
    auto bytes = Sample(size);
    const auto expected = NaiveMask(bytes, kKey);
    MaskCopy(bytes.data(), bytes.data(), size, kKey);
    REQUIRE(bytes == expected);
  }
}

TEST_CASE("masking twice with the same key restores the bytes") {
  const auto from = Sample(1000);
  auto bytes = from;
  MaskCopy(bytes.data(), bytes.data(), bytes.size(), kKey);
  CHECK(bytes != from);
  MaskCopy(bytes.data(), bytes.data(), bytes.size(), kKey);
  CHECK(bytes == from);
}

TEST_CASE("RFC 6455 §5.7 masks Hello to the bytes of its example") {
  const std::string hello = "Hello";
  std::vector<std::uint8_t> masked(hello.size());
  MaskCopy(masked.data(), reinterpret_cast<const std::uint8_t*>(hello.data()), hello.size(), kKey);
  CHECK(masked == std::vector<std::uint8_t>{0x7F, 0x9F, 0x4D, 0x51, 0x58});
}

}  // namespace
}  // namespace hawser::core
