// Which pings a pong settles (RFC 6455 §5.5.3).
#include "reader/ping_ledger.h"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "test/support/bytes.h"

namespace hawser::reader {
namespace {

PendingPing MakePing(std::uint32_t id, std::string_view payload, std::uint64_t sent_at = 0) {
  const auto bytes = test::AsSpan(payload);
  return {.id = id, .sent_at = sent_at, .payload = {bytes.begin(), bytes.end()}};
}

std::vector<std::uint32_t> Settle(PingLedger& ledger, std::string_view payload) {
  std::vector<std::uint32_t> ids;
  for (const PendingPing& ping : ledger.Settle(test::AsSpan(payload))) ids.push_back(ping.id);
  return ids;
}

using Ids = std::vector<std::uint32_t>;

TEST_CASE("a pong settles its ping, once") {
  PingLedger ledger;
  ledger.Add(MakePing(1, "a"));
  CHECK(Settle(ledger, "a") == Ids{1});
  CHECK(Settle(ledger, "a").empty());
}

TEST_CASE("a pong settles the pings before its own, oldest first, and not those after") {
  PingLedger ledger;
  ledger.Add(MakePing(1, "a"));
  ledger.Add(MakePing(2, "b"));
  ledger.Add(MakePing(3, "c"));
  CHECK(Settle(ledger, "b") == Ids{1, 2});
  CHECK(Settle(ledger, "c") == Ids{3});
}

TEST_CASE("a pong that answers nothing settles nothing") {
  PingLedger ledger;
  ledger.Add(MakePing(1, "a"));
  CHECK(Settle(ledger, "").empty());
  CHECK(Settle(ledger, "ab").empty());
  CHECK(Settle(ledger, "a") == Ids{1});
}

TEST_CASE("an empty payload matches an empty ping") {
  PingLedger ledger;
  ledger.Add(MakePing(1, ""));
  CHECK(Settle(ledger, "") == Ids{1});
}

TEST_CASE("knows when the oldest keepalive ping was sent") {
  PingLedger ledger;
  CHECK_FALSE(ledger.OldestKeepalive());
  ledger.Add(MakePing(1, "a", 10));
  ledger.Add(MakePing(kKeepaliveId, "b", 20));
  ledger.Add(MakePing(kKeepaliveId, "c", 30));
  CHECK(ledger.OldestKeepalive() == 20);
  (void)Settle(ledger, "b");
  CHECK(ledger.OldestKeepalive() == 30);
}

TEST_CASE("forgets keepalive pings and no others") {
  PingLedger ledger;
  ledger.Add(MakePing(1, "a"));
  ledger.Add(MakePing(kKeepaliveId, "b"));
  ledger.Add(MakePing(2, "c"));
  ledger.ForgetKeepalive();
  CHECK_FALSE(ledger.OldestKeepalive());
  CHECK(Settle(ledger, "c") == Ids{1, 2});
}

}  // namespace
}  // namespace hawser::reader
