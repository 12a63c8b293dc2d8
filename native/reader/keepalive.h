// Pings at an interval and the deadline for their pongs, and the ledger of every ping of the connection. Suspends the
// deadline while bytes wait unread behind back pressure, since the pong may be among them, and while an output that is
// behind gets on, since the ping may be in it. Reader thread.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "reader/ping_ledger.h"
#include "reader/timer.h"

namespace hawser::reader {

// What keepalive asks of its session. Called from timers: must not throw.
class KeepaliveHost {
 public:
  // Sends the ping and adds it, as kKeepaliveId, once that is done.
  virtual void SendKeepalivePing(std::span<const std::uint8_t> payload) noexcept = 0;
  virtual bool PongMayBeUnread() noexcept = 0;
  virtual void OnKeepaliveTimeout() noexcept = 0;

 protected:
  ~KeepaliveHost() = default;
};

class Keepalive {
 public:
  // Milliseconds; 0 switches off the pings, or the deadline for their pongs.
  Keepalive(uv_loop_t* loop, std::uint64_t interval, std::uint64_t timeout, KeepaliveHost& host);

  void Start();
  void Stop();
  // Reading goes on after a pause: pongs have their whole time again.
  void OnResume();
  // The peer took bytes of an output that had to wait for it: it is alive, and a ping may still stand behind them.
  void OnProgress() { suspended_until_ = uv_hrtime(); }

  void AddPing(std::uint32_t id, std::span<const std::uint8_t> payload);
  // What a pong settles, oldest first.
  std::vector<PendingPing> OnPong(std::span<const std::uint8_t> payload);

 private:
  void OnInterval();
  void OnDeadline();
  void ArmDeadline();
  std::optional<std::uint64_t> DueIn() const;

  std::uint64_t interval_;
  std::uint64_t timeout_;
  KeepaliveHost& host_;
  PingLedger ledger_;
  std::uint64_t suspended_until_ = 0;  // nanoseconds; pongs are not due before `timeout_` after it
  Timer next_ping_;
  Timer deadline_;
};

}  // namespace hawser::reader
