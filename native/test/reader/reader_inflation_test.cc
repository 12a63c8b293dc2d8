// Bytes that inflate to many times as much: no more is let in at once than the marks allow and a little beyond.
#include <doctest/doctest.h>

#include <string>

#include "core/permessage_deflate.h"
#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using test::Application;
using test::AsSpan;
using test::DialConfig;
using test::Events;
using test::Gate;
using test::Peer;
using test::ScriptedPeer;
using test::ServerFrame;

constexpr std::size_t kSize = std::size_t{1} << 20;
constexpr std::size_t kCount = 40;

// All of it fits into one read.
std::string Bombs() {
  core::Deflater deflater(core::DeflateConfig{});
  const std::string message(kSize, 'x');
  std::string bytes;
  for (std::size_t i = 0; i < kCount; ++i) {
    core::Payload deflated;
    deflater.Deflate(AsSpan(message), true, deflated);
    bytes += ServerFrame(0xC2, test::AsString(deflated.span()));
  }
  CHECK(bytes.size() < 64 * 1024);
  return bytes;
}

SessionConfig SmallMarks(int port) {
  SessionConfig config = DialConfig(port);
  config.marks = {.high_bytes = 2 * kSize, .low_bytes = kSize};
  return config;
}

void ExpectAll(const Events& events) {
  REQUIRE(events.size() == kCount);
  const std::string message(kSize, 'x');
  for (const test::Event& event : events) CHECK((event.payload == message));
}

TEST_CASE("what a read inflates to is let in by and by") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(Bombs());
  });
  Application application(SmallMarks(peer.port()));
  application.Open({.deflate = core::DeflateConfig{}});
  ExpectAll(application.ReceiveAll());
  CHECK(application.delivery().queue_stats().most_bytes <= 6 * kSize);
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("what came behind the handshake inflates by and by as well") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ReadHead();
    p.Send(std::string(test::kResponseHead) + Bombs());
  });
  Application application(SmallMarks(peer.port()));
  application.Open({.deflate = core::DeflateConfig{}});
  ExpectAll(application.ReceiveAll());
  CHECK(application.delivery().queue_stats().most_bytes <= 6 * kSize);
}

TEST_CASE("closing lets in what a paused reader has read and not inflated") {
  Gate sent;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(Bombs() + ServerFrame(0x88, "\x03\xE8"));
    sent.Open();
    p.Expect(test::SentClose(1000));
    p.Close();
  });
  Application application(SmallMarks(peer.port()));
  application.Open({.deflate = core::DeflateConfig{}});
  sent.Wait();
  application.AwaitFirstMessage();
  application.Close();
  application.AwaitFinish();
  ExpectAll(application.ReceiveAll());
  const auto outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.received);
}

}  // namespace
}  // namespace hawser::reader
