// Sizes that bound memory. Users set the first three; the rest shape batches and are not options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace hawser::core {

struct Limits {
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t max_message_size = std::uint64_t{16} << 20;  // bytes, inflated
  std::uint64_t max_fragment_size = kNoLimit;                // of one data frame, on the wire and inflated
  std::uint32_t max_fragments = 131'072;                     // data frames in one message
};

// RFC 6455 §5.5.
inline constexpr std::size_t kMaxControlPayload = 125;

// A message above this many bytes travels in an allocation of its own instead of a batch.
inline constexpr std::size_t kLargeMessage = 32 * 1024;

// From this size on, a message that was put together in an allocation of its own stays in it.
inline constexpr std::size_t kWorthMoving = 4 * 1024;

// While pongs of this many bytes are waiting, only the latest ping is kept to be answered (RFC 6455 §5.5.3).
inline constexpr std::size_t kPongBacklog = 16 * 1024;

}  // namespace hawser::core
