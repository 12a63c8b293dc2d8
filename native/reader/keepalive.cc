#include "reader/keepalive.h"

#include <algorithm>

namespace hawser::reader {

namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

}  // namespace

Keepalive::Keepalive(uv_loop_t* loop, std::uint64_t interval, std::uint64_t timeout, KeepaliveHost& host)
    : interval_(interval),
      timeout_(timeout),
      host_(host),
      next_ping_(loop, [this] { OnInterval(); }),
      deadline_(loop, [this] { OnDeadline(); }) {}

void Keepalive::Start() {
  if (interval_ != 0) next_ping_.Start(interval_);
}

void Keepalive::Stop() {
  next_ping_.Stop();
  deadline_.Stop();
  interval_ = 0;
}

void Keepalive::AddPing(std::uint32_t id, std::span<const std::uint8_t> payload) {
  ledger_.Add({.id = id, .sent_at = uv_hrtime(), .payload = {payload.begin(), payload.end()}});
}

void Keepalive::OnInterval() {
  // Random, so that a pong for another ping cannot match by chance or by malice; and ASCII, since there are servers
  // that take a payload for text and send back what they could read.
  std::uint64_t random = uv_hrtime();
  (void)uv_random(nullptr, nullptr, &random, sizeof random, 0, nullptr);
  std::array<std::uint8_t, 8> payload{};
  for (std::uint8_t& character : payload) {
    character = static_cast<std::uint8_t>('a' + random % 16);
    random /= 16;
  }
  // Without a deadline nothing else ends the wait for a pong that never comes.
  if (timeout_ == 0) ledger_.ForgetKeepalive();
  host_.SendKeepalivePing(payload);
  if (interval_ == 0) return;  // sending ended the connection
  next_ping_.Start(interval_);
  if (!deadline_.active()) ArmDeadline();
}

void Keepalive::ArmDeadline() {
  deadline_.Stop();
  if (const auto due_in = DueIn()) deadline_.Start(*due_in);
}

// Milliseconds left to the pong of the oldest ping; none if none is awaited.
std::optional<std::uint64_t> Keepalive::DueIn() const {
  const auto oldest = ledger_.OldestKeepalive();
  if (timeout_ == 0 || interval_ == 0 || !oldest) return std::nullopt;
  const std::uint64_t due = std::max(*oldest, suspended_until_) + timeout_ * kMillisecond;
  const std::uint64_t now = uv_hrtime();
  return due > now ? (due - now + kMillisecond - 1) / kMillisecond : 0;
}

// Progress moves what is due but not the timer, so it is looked at here.
void Keepalive::OnDeadline() {
  if (host_.PongMayBeUnread()) suspended_until_ = uv_hrtime();
  if (DueIn() == 0) return host_.OnKeepaliveTimeout();
  ArmDeadline();
}

void Keepalive::OnResume() {
  if (!deadline_.active()) return;
  suspended_until_ = uv_hrtime();
  ArmDeadline();
}

std::vector<PendingPing> Keepalive::OnPong(std::span<const std::uint8_t> payload) {
  auto settled = ledger_.Settle(payload);
  if (!settled.empty()) ArmDeadline();
  return settled;
}

}  // namespace hawser::reader
