// One run of memory per JavaScript environment through which batches come in and sends go out. Allocated by
// JavaScript, touched by the JS thread only, shared by all its connections: used within one call, never kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "reader/message_batch.h"

namespace hawser::binding {

struct Desk {
  // Pairs of words: a session's id and its ready flags.
  static constexpr std::size_t kReadyPairs = 256;
  static constexpr std::size_t kStageSize = 64 * 1024;

  static constexpr std::size_t kReadyOffset = 0;
  static constexpr std::size_t kIndexOffset = kReadyOffset + kReadyPairs * 8;
  static constexpr std::size_t kBytesOffset = kIndexOffset + reader::kBatchMessages * sizeof(reader::MessageEntry);
  static constexpr std::size_t kStageOffset = kBytesOffset + reader::kBatchBytes;
  static constexpr std::size_t kSize = kStageOffset + kStageSize;

  std::uint8_t* memory = nullptr;

  std::span<std::uint32_t> ready() const {
    return {reinterpret_cast<std::uint32_t*>(memory + kReadyOffset), kReadyPairs * 2};
  }
  std::span<reader::MessageEntry> index(std::size_t count) const {
    return {reinterpret_cast<reader::MessageEntry*>(memory + kIndexOffset), count};
  }
  std::uint8_t* bytes() const { return memory + kBytesOffset; }
  std::span<const std::uint8_t> stage(std::size_t size) const { return {memory + kStageOffset, size}; }
};

static_assert(Desk::kBytesOffset % 8 == 0 && Desk::kStageOffset % 8 == 0);

}  // namespace hawser::binding
