// Many things at once, for the sanitizers: several readers, commands and messages in both directions, ends that race.
#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::CloseOutcome;
using core::Opcode;
using test::Application;
using test::BigEndian;
using test::DialConfig;
using test::Event;
using test::Events;
using test::Gate;
using test::Peer;
using test::PingRecord;
using test::ScriptedPeer;
using test::SentClose;
using test::SentFrame;
using test::ServerFrame;
using test::Text;
using test::TextRecord;

std::string Numbered(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += ServerFrame(0x81, std::to_string(i));
  return bytes;
}

std::size_t CountEntries(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST_CASE("many readers at once do not mix") {
  constexpr int kReaders = 8;
  constexpr int kMessages = 2000;
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  std::vector<std::unique_ptr<Application>> applications;
  for (int i = 0; i < kReaders; ++i) {
    peers.push_back(std::make_unique<ScriptedPeer>([i](Peer& p) {
      p.AcceptWebSocket();
      p.Send(ServerFrame(0x81, "peer " + std::to_string(i)) + Numbered(kMessages));
      p.Expect({Opcode::kText, "application " + std::to_string(i)});
      p.Expect(SentClose(1000));
      p.Send(ServerFrame(0x88, BigEndian(1000, 2)));
    }));
    applications.push_back(std::make_unique<Application>(DialConfig(peers.back()->port())));
  }
  for (const auto& application : applications) application->Open();
  CHECK(live_readers == kReaders);
  for (int i = 0; i < kReaders; ++i) {
    applications[static_cast<std::size_t>(i)]->SendText("application " + std::to_string(i));
    applications[static_cast<std::size_t>(i)]->Close();
  }
  for (int i = 0; i < kReaders; ++i) {
    Application& application = *applications[static_cast<std::size_t>(i)];
    const Events events = application.ReceiveAll();
    REQUIRE(events.size() == 1 + kMessages);
    CHECK(events[0] == Text("peer " + std::to_string(i)));
    CHECK(events.back() == Text(std::to_string(kMessages - 1)));
    CHECK(application.Join().cause == CloseCause::kNone);
  }
  CHECK(live_readers == 0);
}

TEST_CASE("a flood of commands while messages flood in loses nothing of either") {
  static constexpr int kMessages = 50'000;
  static constexpr int kTurns = 1000;
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.SendWhileReading(Numbered(kMessages));
    int texts = 0;
    SentFrame frame = p.ReadFrame();
    for (; frame.opcode != Opcode::kClose; frame = p.ReadFrame()) {
      if (frame.opcode == Opcode::kText) CHECK(frame.payload == std::to_string(texts++));
    }
    CHECK(texts == kTurns);
    p.Send(ServerFrame(0x88, BigEndian(1000, 2)));
  });
  SessionConfig config = DialConfig(peer.port());
  config.marks = {.high_messages = 500, .low_messages = 100};
  config.ping_interval = 1;
  Application application(config);
  application.Open();
  int next = 0;
  for (int i = 0; i < kTurns; ++i) {
    application.Send({TextRecord(std::to_string(i)), PingRecord(static_cast<std::uint32_t>(i + 1), std::to_string(i))});
    application.Post(NotifyDrained{});
    (void)application.buffered();
    (void)application.delivery().latency();
    (void)application.delivery().TakeNotices();
    for (int j = 0; j < kMessages / kTurns; ++j) CHECK(application.Receive() == Text(std::to_string(next++)));
  }
  application.Close();
  for (const Event& event : application.ReceiveAll()) CHECK(event == Text(std::to_string(next++)));
  CHECK(next == kMessages);
  CHECK(application.Join().cause == CloseCause::kNone);
  CHECK(application.buffered() == 0);
}

TEST_CASE("request and answer, one at a time") {
  constexpr int kTurns = 500;
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < kTurns; ++i) p.Send(ServerFrame(0x81, p.ReadFrame().payload));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  for (int i = 0; i < kTurns; ++i) {
    application.SendText(std::to_string(i));
    CHECK(application.Receive() == Text(std::to_string(i)));
  }
  CHECK_FALSE(application.Receive());
}

TEST_CASE("an application that never stops sending does not keep the reader from reading") {
  constexpr int kTooLong = 1000;
  Gate busy;
  Gate sent;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    busy.Wait();
    p.Send(ServerFrame(0x81, "read"));
    sent.Open();
    p.ReadToEnd();
  });
  // Posts from the reader's own thread, so that there is a command whenever it looks, until the message is read.
  Application* sender = nullptr;
  int posted = 0;
  bool read = false;
  const auto send_more = [&](std::uint32_t ready) {
    read = read || (ready & kReadyMessages) != 0;
    if (sender == nullptr || read || posted == kTooLong) return;
    if (posted++ == 0) {
      busy.Open();
      sent.Wait();
    }
    sender->Post(NotifyDrained{});
  };
  Application application(DialConfig(peer.port()), send_more);
  application.Open();
  REQUIRE(application.rings().WaitBeyond(1));  // for the two notices until here
  MessageBatch none;                           // asks for messages, so that the reader rings for one
  CHECK(application.delivery().Take(none).taken == DeliveryQueue::Taken::kNothing);
  sender = &application;
  application.Post(NotifyDrained{});
  CHECK(application.Receive() == Text("read"));
  application.reader().Terminate();
  (void)application.Join();
  CHECK(posted < kTooLong);
}

TEST_CASE("a consumer that is paused and resumed all the time sees everything in order") {
  constexpr int kMessages = 20'000;
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < kMessages; ++i) p.Send(ServerFrame(0x81, std::to_string(i)));
  });
  Application application(test::PausingConfig(peer.port()));
  application.Open();
  for (int i = 0; i < kMessages; ++i) CHECK(application.Receive() == Text(std::to_string(i)));
  CHECK_FALSE(application.Receive());
}

TEST_CASE("our Close and the peer's may race") {
  Gate race;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    race.Wait();
    p.Send(ServerFrame(0x88, BigEndian(4001, 2)));
    CHECK(p.ReadFrame().opcode == Opcode::kClose);
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  race.Open();
  application.Close(4000);
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  REQUIRE(outcome.sent);
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 4001);
  CHECK(outcome.sent->code == (outcome.received_first ? 4001 : 4000));
  peer.Join();
}

TEST_CASE("terminating may race with everything that the peer does last") {
  Gate race;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    race.Wait();
    try {
      p.Send(Numbered(100) + ServerFrame(0x88, BigEndian(1000, 2)));
      p.ReadToEnd();
    } catch (const std::runtime_error&) {
      // The connection was ended first.
    }
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  race.Open();
  application.SendText("and this");
  application.reader().Terminate();
  const CloseOutcome outcome = application.reader().Join();
  CHECK(outcome.cause == CloseCause::kTerminated);
  const Events events = application.ReceiveAll();
  CHECK(events.size() <= 100);
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i] == Text(std::to_string(i)));
  CHECK(live_readers == 0);
}

TEST_CASE("terminating may race with the dial") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.reader().Terminate();
  CHECK(application.reader().Join().cause == CloseCause::kTerminated);
}

TEST_CASE("three hundred connections, one after the other, leave no thread and no descriptor") {
  constexpr int kCycles = 300;
  ScriptedPeer peer([](Peer& p) {
    for (int i = 0; i < 1 + kCycles; ++i) {
      p.AcceptWebSocket();
      p.Expect(SentClose(1000));
      p.Send(ServerFrame(0x88, BigEndian(1000, 2)));
      p.Close();
    }
  });
  const auto cycle = [&] {
    Application application(DialConfig(peer.port()));
    application.Open();
    application.Close();
    CHECK(application.Join().cause == CloseCause::kNone);
  };
  cycle();
  const std::size_t descriptors = CountEntries("/proc/self/fd");
  const std::size_t threads = CountEntries("/proc/self/task");
  for (int i = 0; i < kCycles; ++i) cycle();
  CHECK(live_readers == 0);
  CHECK(CountEntries("/proc/self/fd") <= descriptors);
  // A thread that is joined may still be on its way out of the kernel.
  const auto started = test::Clock::now();
  while (CountEntries("/proc/self/task") > threads && test::Since(started) < test::Patience()) {
    std::this_thread::yield();
  }
  CHECK(CountEntries("/proc/self/task") <= threads);
}

}  // namespace
}  // namespace hawser::reader
