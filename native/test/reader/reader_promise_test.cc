// The promise of the last instruction: messages first, then the end, then the join, each window held open in turn.
#include <doctest/doctest.h>

#include <string>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::CloseOutcome;
using test::Application;
using test::BigEndian;
using test::Count;
using test::Events;
using test::Gate;
using test::Milliseconds;
using test::Peer;
using test::ScriptedPeer;
using test::ServerFrame;
using test::Since;
using test::Text;
using test::Units;

constexpr int kDelay = 20;

SessionConfig DelayedConfig(int port, TestPoint point) {
  SessionConfig config = test::DialConfig(port);
  config.delays.milliseconds[static_cast<std::size_t>(point)] = static_cast<unsigned>(Count(Units(kDelay)));
  return config;
}

// Sends a message and ends the stream when `end` opens.
auto MessageThenEnd(Gate& end) {
  return [&end](Peer& p) {
    p.AcceptWebSocket();
    end.Wait();
    p.Send(ServerFrame(0x81, "last"));
  };
}

TEST_CASE("messages can be taken before the end of the stream is handled") {
  Gate end;
  ScriptedPeer peer(MessageThenEnd(end));
  Application application(DelayedConfig(peer.port(), TestPoint::kBeforeEndOfStream));
  application.Open();
  const auto started = test::Clock::now();
  end.Open();
  CHECK(application.Receive() == Text("last"));
  CHECK_FALSE(application.Receive());
  CHECK(Since(started) >= Units(kDelay) - Milliseconds(1));
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("messages can be taken while the end is not announced yet") {
  Gate end;
  ScriptedPeer peer(MessageThenEnd(end));
  Application application(DelayedConfig(peer.port(), TestPoint::kBeforeAnnounce));
  application.Open();
  const auto started = test::Clock::now();
  end.Open();
  CHECK(application.Receive() == Text("last"));
  const bool finished = application.delivery().finished();
  if (Since(started) < Units(kDelay)) CHECK_FALSE(finished);
  application.AwaitFinish();
  CHECK(Since(started) >= Units(kDelay) - Milliseconds(1));
  (void)application.Join();
}

TEST_CASE("Join waits for the reader's last instruction") {
  Gate end;
  ScriptedPeer peer(MessageThenEnd(end));
  Application application(DelayedConfig(peer.port(), TestPoint::kBeforeReturn));
  application.Open();
  const auto started = test::Clock::now();
  end.Open();
  application.AwaitFinish();
  const int alive = live_readers;
  if (Since(started) < Units(kDelay)) CHECK(alive == 1);
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
  CHECK(Since(started) >= Units(kDelay) - Milliseconds(1));
  CHECK(live_readers == 0);
}

TEST_CASE("no reader is alive after Join") {
  ScriptedPeer peer([](Peer& p) { p.AcceptWebSocket(); });
  Application application(test::DialConfig(peer.port()));
  application.Open();
  (void)application.Join();
  CHECK(live_readers == 0);
}

TEST_CASE("what the peer does while the command to close has not been carried out is not lost") {
  Gate closing;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    closing.Wait();
    p.Send(ServerFrame(0x81, "one") + ServerFrame(0x81, "two") + ServerFrame(0x88, BigEndian(4001, 2)));
    p.ReadToEnd();
  });
  SessionConfig config = DelayedConfig(peer.port(), TestPoint::kAfterCloseCommand);
  Application application(config);
  application.Open();
  application.Close(4000);
  closing.Open();
  (void)application.Await<Closing>();
  application.reader().Terminate();
  CHECK(application.ReceiveAll() == Events{Text("one"), Text("two")});
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 4001);
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == (outcome.received_first ? 4001 : 4000));
}

TEST_CASE("a stream that ends while the command to close has not been carried out ends the connection") {
  Gate closing;
  ScriptedPeer peer(MessageThenEnd(closing));
  Application application(DelayedConfig(peer.port(), TestPoint::kAfterCloseCommand));
  application.Open();
  application.Close(1000);
  closing.Open();
  CHECK(application.ReceiveAll() == Events{Text("last")});
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause != CloseCause::kNone);
  CHECK_FALSE(outcome.received);
}

TEST_CASE("terminating a reader that is held up waits for it, no longer") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  Application application(DelayedConfig(peer.port(), TestPoint::kBeforeAnnounce));
  application.Open();
  const auto started = test::Clock::now();
  application.reader().Terminate();
  CHECK(application.reader().Join().cause == CloseCause::kTerminated);
  CHECK(Since(started) >= Units(kDelay) - Milliseconds(1));
  CHECK(live_readers == 0);
}

}  // namespace
}  // namespace hawser::reader
