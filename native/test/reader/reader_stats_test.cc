// What a session counts, over a socket: exact, published no later than what it counts, and still there after the end.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/batches.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::Opcode;
using test::Application;
using test::BigEndian;
using test::Count;
using test::DialConfig;
using test::Gate;
using test::kResponseHead;
using test::PausingConfig;
using test::Peer;
using test::ScriptedPeer;
using test::SentClose;
using test::ServerFrame;
using test::Units;

// Accepts, and says how many bytes the request had.
std::size_t AcceptRequest(Peer& peer) {
  peer.Accept();
  const std::size_t size = peer.ReadHead().size();
  peer.Send(kResponseHead);
  return size;
}

// Waits until the stats are as they should be. Nothing but the reader itself may bring that about.
SessionStats AwaitStats(Application& application, const std::function<bool(const SessionStats&)>& condition) {
  const auto deadline = test::Clock::now() + test::Patience();
  for (;;) {
    const SessionStats stats = application.delivery().stats();
    if (condition(stats)) return stats;
    if (test::Clock::now() > deadline) FAIL("the stats do not come to be as they should");
    std::this_thread::sleep_for(test::Milliseconds(1));
  }
}

TEST_CASE("frames, messages and bytes are counted exactly, up to the last") {
  std::size_t request = 0;
  const std::string bytes = ServerFrame(0x81, "text") + ServerFrame(0x82, std::string(70'000, 'b')) +
                            ServerFrame(0x01, "ab") + ServerFrame(0x80, "c") + ServerFrame(0x89, "ping") +
                            ServerFrame(0x8A, "") + ServerFrame(0x88, BigEndian(1000, 2) + "bye");
  ScriptedPeer peer([&](Peer& p) {
    request = AcceptRequest(p);
    p.Expect({Opcode::kText, "hello"});
    p.Expect({Opcode::kBinary, std::string(100'000, 'L')});
    p.Expect({Opcode::kPing, "mine"});
    p.Send(bytes);
    p.Expect(test::SentPong("ping"));
    p.Expect(SentClose(1000));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendText("hello");
  application.SendLarge(Opcode::kBinary, std::string(100'000, 'L'));
  application.Send({test::PingRecord(1, "mine")});
  (void)application.Join();
  peer.Join();
  const SessionStats stats = application.delivery().stats();
  CHECK(stats.received.messages == 3);
  CHECK(stats.received.message_bytes == 4 + 70'000 + 3);
  CHECK(stats.received.of(Opcode::kText) == 2);
  CHECK(stats.received.of(Opcode::kBinary) == 1);
  CHECK(stats.received.of(Opcode::kContinuation) == 1);
  CHECK(stats.received.of(Opcode::kPing) == 1);
  CHECK(stats.received.of(Opcode::kPong) == 1);
  CHECK(stats.received.of(Opcode::kClose) == 1);
  CHECK(stats.wire_received == kResponseHead.size() + bytes.size());
  CHECK(stats.sent.messages == 2);
  CHECK(stats.sent.message_bytes == 5 + 100'000);
  CHECK(stats.sent.of(Opcode::kPing) == 1);
  CHECK(stats.sent.of(Opcode::kPong) == 1);
  CHECK(stats.sent.of(Opcode::kClose) == 1);
  // Headers of 6 bytes, one of 14, and the Close's code.
  CHECK(stats.wire_sent == request + (6 + 5) + (14 + 100'000) + (6 + 4) + (6 + 4) + (6 + 2));
}

TEST_CASE("a message that can be taken is counted, at the end of a turn and in the middle of one") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += ServerFrame(0x81, std::string(3000, 'x'));
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.Send(bytes + ServerFrame(0x88, ""));
    p.HalfClose();
    p.ReadToEnd();
  });
  std::atomic<DeliveryQueue*> queue = nullptr;
  std::atomic<std::uint64_t> taken = 0;
  std::atomic<int> uncounted = 0;
  MessageBatch batch;
  Application application(DialConfig(peer.port()), [&](std::uint32_t ready) {
    DeliveryQueue* open = queue;
    if ((ready & kReadyMessages) == 0 || open == nullptr) return;
    while (open->Take(batch).taken == DeliveryQueue::Taken::kBatch) {
      taken += batch.messages();
      if (open->stats().received.messages < taken) ++uncounted;
    }
  });
  (void)application.delivery().Take(batch);  // so that the first message rings
  queue = &application.delivery();
  application.Open();
  (void)application.Join();
  CHECK(taken > 0);
  CHECK(uncounted == 0);
}

TEST_CASE("the pong that a notice tells of is counted") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kPing, "mine"});
    p.Send(ServerFrame(0x8A, "mine"));
    p.ReadToEnd();
  });
  DeliveryQueue* queue = nullptr;
  std::atomic<bool> open = false;
  std::atomic<std::uint64_t> counted = 0;
  Gate rung;
  Application application(DialConfig(peer.port()), [&](std::uint32_t ready) {
    if (!open || (ready & kReadyNotices) == 0) return;
    counted = queue->stats().received.of(Opcode::kPong);
    rung.Open();
  });
  queue = &application.delivery();
  application.Open();
  open = true;
  application.Send({test::PingRecord(1, "mine")});
  rung.Wait();
  CHECK(counted == 1);
}

TEST_CASE("a keepalive ping is counted though nothing else happens") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  SessionConfig config = DialConfig(peer.port());
  config.ping_interval = Count(Units(2));
  Application application(config);
  application.Open();
  (void)AwaitStats(application, [](const SessionStats& stats) { return stats.sent.of(Opcode::kPing) > 0; });
}

TEST_CASE("bytes are counted as the network takes them though nothing else happens") {
  constexpr std::size_t kSize = std::size_t{32} << 20;
  std::atomic<std::size_t> request = 0;
  ScriptedPeer peer([&](Peer& p) {
    request = AcceptRequest(p);
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendLarge(Opcode::kBinary, std::string(kSize, 'x'));
  const auto stats = AwaitStats(application, [&](const SessionStats& now) { return now.wire_sent >= kSize; });
  CHECK(stats.wire_sent == request + kSize + core::kMaxFrameHeader);
}

TEST_CASE("a pause is counted with its time, and ends when messages were consumed") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.ReadToEnd();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  const auto paused = AwaitStats(application, [](const SessionStats& now) { return now.pauses == 1; });
  REQUIRE(paused.paused_since != 0);
  std::this_thread::sleep_for(Units(2));
  CHECK(paused.PausedUntil(uv_hrtime()) >= Count(Units(2)) * 1'000'000);
  MessageBatch batch;
  REQUIRE(application.delivery().Take(batch).taken == DeliveryQueue::Taken::kBatch);
  REQUIRE(application.delivery().Release(batch));
  application.Post(Resume{});
  const auto resumed = AwaitStats(application, [](const SessionStats& now) { return now.paused_since == 0; });
  CHECK(resumed.pauses == 1);
  CHECK(resumed.paused_for >= Count(Units(2)) * 1'000'000);
  CHECK(resumed.PausedUntil(uv_hrtime()) == resumed.paused_for);
}

TEST_CASE("a closing connection reads on, and so is not paused any more") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.ReadToEnd();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  (void)AwaitStats(application, [](const SessionStats& now) { return now.pauses == 1; });
  application.Close();
  const auto closing = AwaitStats(application, [](const SessionStats& now) { return now.paused_since == 0; });
  CHECK(closing.sent.of(Opcode::kClose) == 1);
}

TEST_CASE("the time of a pause that the end finds is counted up to the end") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.ReadToEnd();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  (void)AwaitStats(application, [](const SessionStats& now) { return now.pauses == 1; });
  std::this_thread::sleep_for(Units(2));
  application.reader().Terminate();
  (void)application.Join();
  const SessionStats stats = application.delivery().stats();
  CHECK(stats.paused_since == 0);
  CHECK(stats.paused_for >= Count(Units(2)) * 1'000'000);
}

TEST_CASE("the time of a pause never falls where it was told beyond the pause's end") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  SessionStats stats;
  const std::uint64_t now = uv_hrtime();
  stats.Pause(now - 2000);
  application.delivery().SetStats(stats);
  const std::uint64_t told = application.reader().Stats().paused_for;
  CHECK(told >= 2000);
  stats.Resume(now - 1000);
  application.delivery().SetStats(stats);
  CHECK(application.reader().Stats().paused_for == told);
  stats.Pause(now);
  stats.Resume(now + 2 * told);
  application.delivery().SetStats(stats);
  CHECK(application.reader().Stats().paused_for == 1000 + 2 * told);
}

TEST_CASE("the thread's time never falls, not at its end either") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x88, ""));
    p.HalfClose();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  std::uint64_t last = 0;
  bool finished = false;
  while (!finished) {
    finished = application.delivery().finished();
    const std::uint64_t time = application.reader().Stats().cpu_time;
    CHECK(time >= last);
    last = time;
  }
  (void)application.Join();
  CHECK(last > 0);
  CHECK(application.reader().Stats().cpu_time == last);
}

TEST_CASE("messages right behind the response's head have the time at which they were read") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    p.Send(std::string(kResponseHead) + ServerFrame(0x81, "early"));
    p.ReadToEnd();
  });
  const auto now = [] {
    const std::chrono::duration<double, std::milli> since = std::chrono::system_clock::now().time_since_epoch();
    return since.count();
  };
  const double begin = now();
  Application application(DialConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  MessageBatch batch;
  REQUIRE(application.delivery().Take(batch).taken == DeliveryQueue::Taken::kBatch);
  REQUIRE(batch.reads().size() == 1);
  CHECK(batch.reads()[0].at >= begin);
  CHECK(batch.reads()[0].at <= now());
}

TEST_CASE("who looks on is told of every frame, with keepalive's pings marked and their pongs told") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kText, "hello"});
    const auto ping = p.ReadFrame();
    p.Send(ServerFrame(0x8A, ping.payload) + ServerFrame(0x88, ""));
    p.ReadToEnd();
  });
  SessionConfig config = DialConfig(peer.port());
  config.ping_interval = Count(Units(5));
  config.observation = Observation::kFrames;
  Application application(config);
  application.Open();
  application.SendText("hello");
  CHECK(application.Await<FrameSeen>().header.opcode == Opcode::kText);
  const auto ping = application.Await<FrameSeen>();
  CHECK(ping.header.opcode == Opcode::kPing);
  CHECK(ping.keepalive);
  const auto pong = application.Await<FrameSeen>();
  CHECK(pong.direction == core::Direction::kReceived);
  CHECK(pong.payload == ping.payload);
  CHECK(application.Await<PongReceived>().id == kKeepaliveId);
  CHECK(application.Await<FrameSeen>().direction == core::Direction::kReceived);
  const auto answer = application.Await<FrameSeen>();
  CHECK(answer.header.opcode == Opcode::kClose);
  CHECK(answer.direction == core::Direction::kSent);
}

}  // namespace
}  // namespace hawser::reader
