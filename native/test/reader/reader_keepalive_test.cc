// Keepalive over a socket: pings without anybody's doing, and the end of a peer that is silent.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/batches.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::CloseOutcome;
using core::Opcode;
using test::Application;
using test::Count;
using test::Gate;
using test::Peer;
using test::ScriptedPeer;
using test::SentClose;
using test::SentFrame;
using test::ServerFrame;
using test::Text;
using test::Units;

SessionConfig PingingConfig(int port, int interval, int timeout) {
  SessionConfig config = test::DialConfig(port);
  config.ping_interval = Count(Units(interval));
  config.ping_timeout = Count(Units(timeout));
  return config;
}

// Reads a keepalive ping and returns the pong that answers it.
std::string PongForPing(Peer& peer) {
  const SentFrame ping = peer.ReadFrame();
  CHECK(ping.opcode == Opcode::kPing);
  CHECK(ping.payload.size() == 8);
  return ServerFrame(0x8A, ping.payload);
}

TEST_CASE("pings that are answered keep the connection and measure its latency") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < 5; ++i) p.Send(PongForPing(p));
    p.Send(ServerFrame(0x81, "alive"));
    p.ReadToEnd();
  });
  Application application(PingingConfig(peer.port(), 1, 100));
  application.Open();
  CHECK(application.delivery().latency() == 0);
  CHECK(application.Receive() == Text("alive"));
  CHECK(application.delivery().latency() > 0);
}

TEST_CASE("keepalive pings give no notice") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(PongForPing(p));
  });
  Application application(PingingConfig(peer.port(), 1, 100));
  application.Open();
  CHECK_FALSE(application.NextNotice());
}

TEST_CASE("a peer that never answers is failed with 1011") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    SentFrame frame = p.ReadFrame();
    while (frame.opcode == Opcode::kPing) frame = p.ReadFrame();
    CHECK(frame == SentClose(1011, "keepalive ping timeout"));
    p.ExpectEndOfStream();
  });
  Application application(PingingConfig(peer.port(), 2, 5));
  application.Open();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kKeepaliveTimeout);
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 1011);
  CHECK_FALSE(outcome.received);
  peer.Join();
}

TEST_CASE("messages are no pongs") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < 20; ++i) {
      p.Send(ServerFrame(0x81, "busy"));
      p.Delay(Units(1));
    }
    p.ReadToEnd();
  });
  Application application(PingingConfig(peer.port(), 2, 5));
  application.Open();
  CHECK(application.Join().cause == CloseCause::kKeepaliveTimeout);
}

TEST_CASE("the deadline of a pong is suspended while it may be among what is unread") {
  Gate long_past_the_deadline;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    const std::string pong = PongForPing(p);
    p.Send(ServerFrame(0x81, "two") + pong);
    for (int i = 0; i < 15; ++i) (void)p.ReadFrame();
    long_past_the_deadline.Open();
    for (SentFrame frame = p.ReadFrame(); frame.opcode != Opcode::kClose; frame = p.ReadFrame()) {
      p.Send(ServerFrame(0x8A, frame.payload));
    }
    p.Send(ServerFrame(0x88, ""));
  });
  SessionConfig config = PingingConfig(peer.port(), 2, 20);
  config.marks = {.high_messages = 0, .low_messages = 0};
  Application application(config);
  application.Open();
  application.AwaitFirstMessage();
  long_past_the_deadline.Wait();
  CHECK_FALSE(application.delivery().finished());
  CHECK(application.Receive() == Text("one"));
  CHECK(application.Receive() == Text("two"));
  application.Close();
  CHECK(application.Join().cause == CloseCause::kNone);
}

TEST_CASE("a peer that is silent is failed while paused as well") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.ReadToEnd();
  });
  SessionConfig config = PingingConfig(peer.port(), 2, 5);
  config.marks = {.high_messages = 0, .low_messages = 0};
  Application application(config);
  application.Open();
  application.AwaitFirstMessage();
  CHECK(application.Join().cause == CloseCause::kKeepaliveTimeout);
}

TEST_CASE("a connection that closes sends no more pings") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    SentFrame frame = p.ReadFrame();
    while (frame.opcode == Opcode::kPing) frame = p.ReadFrame();
    CHECK(frame == SentClose(1000));
    p.Delay(Units(10));
    p.Send(ServerFrame(0x88, ""));
    p.HalfClose();
    p.ExpectEndOfStream();
  });
  Application application(PingingConfig(peer.port(), 1, 3));
  application.Open();
  application.Close();
  CHECK(application.Join().cause == CloseCause::kNone);
  peer.Join();
}

TEST_CASE("a keepalive ping that cannot be written ends the connection with that error") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.Delay(Units(2));
    p.Reset();
  });
  SessionConfig config = PingingConfig(peer.port(), 10, 100);
  config.marks = {.high_messages = 0, .low_messages = 0};
  Application application(config);
  application.Open();
  application.AwaitFirstMessage();
  CHECK(application.Join().cause == CloseCause::kTransport);
}

TEST_CASE("with a full output the pings wait with it") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Delay(test::Patience());
  });
  Application application(PingingConfig(peer.port(), 1, 10));
  application.Open();
  application.SendLarge(Opcode::kBinary, std::string(std::size_t{16} << 20, 'x'));
  CHECK(application.Join().cause == CloseCause::kKeepaliveTimeout);
}

TEST_CASE("a slow upload is not failed for the pong of a ping that waits behind it") {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  constexpr std::size_t kSize = 32 * kMiB;
  constexpr std::size_t kReadSlowly = 16 * kMiB;
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    for (std::size_t read = 0; read < kReadSlowly; read += kMiB) {
      p.Skip(kMiB);
      p.Delay(Units(6));
    }
    p.Skip(kSize + core::kMaxFrameHeader - kReadSlowly);
    p.Send(PongForPing(p) + ServerFrame(0x81, "whole"));
    p.ReadToEnd();
  });
  core::Payload payload = test::PayloadOf(std::string(kSize, 'x'));  // ready, so that no ping comes before it
  Application application(PingingConfig(peer.port(), 5, 60));
  application.Open();
  application.Post(SendLarge{.message = {}, .payload = std::move(payload)});
  CHECK(application.Receive() == Text("whole"));
}

}  // namespace
}  // namespace hawser::reader
