// Pings that wait for their pong, in the order they were sent (RFC 6455 §5.5.2, §5.5.3). A pong settles its ping and
// all before it; one that matches nothing settles nothing. No clock of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace hawser::reader {

// The id of the reader's own keepalive pings; the application's begin at 1.
inline constexpr std::uint32_t kKeepaliveId = 0;

struct PendingPing {
  std::uint32_t id = kKeepaliveId;
  std::uint64_t sent_at = 0;  // nanoseconds, of uv_hrtime
  std::vector<std::uint8_t> payload;
};

class PingLedger {
 public:
  void Add(PendingPing ping) { pending_.push_back(std::move(ping)); }

  // The pings that a pong with `payload` settles, oldest first.
  std::vector<PendingPing> Settle(std::span<const std::uint8_t> payload) {
    auto match = std::find_if(pending_.begin(), pending_.end(),
                              [&](const PendingPing& ping) { return std::ranges::equal(ping.payload, payload); });
    if (match == pending_.end()) return {};
    ++match;
    std::vector<PendingPing> settled(std::make_move_iterator(pending_.begin()), std::make_move_iterator(match));
    pending_.erase(pending_.begin(), match);
    return settled;
  }

  void ForgetKeepalive() {
    std::erase_if(pending_, [](const PendingPing& ping) { return ping.id == kKeepaliveId; });
  }

  // When the oldest keepalive ping was sent that no pong has settled.
  std::optional<std::uint64_t> OldestKeepalive() const {
    for (const PendingPing& ping : pending_) {
      if (ping.id == kKeepaliveId) return ping.sent_at;
    }
    return std::nullopt;
  }

 private:
  std::deque<PendingPing> pending_;
};

}  // namespace hawser::reader
