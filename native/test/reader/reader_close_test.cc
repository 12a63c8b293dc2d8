// The closing handshake over a socket (RFC 6455 §7), from either side, and its deadline.
#include <doctest/doctest.h>

#include <string>
#include <thread>

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
using test::Count;
using test::DialConfig;
using test::Events;
using test::Gate;
using test::Peer;
using test::ScriptedPeer;
using test::SentClose;
using test::ServerFrame;
using test::Since;
using test::Text;
using test::Units;

std::string CloseFrom(std::uint16_t code, std::string_view reason = {}) {
  return ServerFrame(0x88, BigEndian(code, 2).append(reason));
}

SessionConfig ClosingConfig(int port, int close_timeout) {
  SessionConfig config = DialConfig(port);
  config.close_timeout = Count(Units(close_timeout));
  return config;
}

// Room for ten messages of 100,000 bytes behind our Close.
SessionConfig SmallBacklogConfig(int port) {
  SessionConfig config = DialConfig(port);
  config.limits.max_message_size = 100'000;
  config.closing_backlog = 1'001'000;
  return config;
}

// Waits until so many bytes are published and not consumed.
void AwaitHeld(Application& application, std::uint64_t bytes) {
  const auto started = test::Clock::now();
  while (application.delivery().held() < bytes) {
    REQUIRE(Since(started) < test::Patience());
    std::this_thread::yield();
  }
}

TEST_CASE("a Close that is answered ends with both frames and no cause") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000, "bye"));
    p.Send(CloseFrom(1000, "bye"));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close(1000, "bye");
  CHECK_FALSE(application.Receive());
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 1000);
  CHECK(outcome.sent->reason == "bye");
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 1000);
  CHECK_FALSE(outcome.received_first);
}

TEST_CASE("an empty Close is sent for code 1005") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kClose, ""});
    p.Send(ServerFrame(0x88, ""));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close(1005);
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 1005);
}

TEST_CASE("the end of the stream is awaited behind the peer's Close") {
  Gate end;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(CloseFrom(1000));
    end.Wait();
  });
  Application application(ClosingConfig(peer.port(), 1000));
  application.Open();
  application.Close();
  (void)application.Await<Closing>();
  CHECK_FALSE(application.delivery().finished());
  end.Open();
  CHECK(application.Join().cause == CloseCause::kNone);
}

TEST_CASE("a reset behind both Close frames is a normal end") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(CloseFrom(1000));
    p.Reset();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.transport_error == 0);
}

TEST_CASE("a Close that is never answered is given up after the close timeout") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  Application application(ClosingConfig(peer.port(), 5));
  application.Open();
  const auto started = test::Clock::now();
  application.Close(4000);
  const CloseOutcome outcome = application.Join();
  CHECK(Since(started) >= Units(5) - test::Milliseconds(1));
  CHECK(outcome.cause == CloseCause::kCloseTimeout);
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 4000);
  CHECK_FALSE(outcome.received);
}

TEST_CASE("a peer that answers and keeps its socket open is given up, with the frames of a clean end") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(CloseFrom(1000));
    p.ExpectEndOfStream();
  });
  Application application(ClosingConfig(peer.port(), 5));
  application.Open();
  application.Close();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kCloseTimeout);
  CHECK(outcome.received);
  CHECK(outcome.sent);
  peer.Join();
}

TEST_CASE("a Close that cannot be written is given up after the close timeout") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Delay(test::Patience());
  });
  Application application(ClosingConfig(peer.port(), 5));
  application.Open();
  application.SendLarge(Opcode::kBinary, std::string(std::size_t{16} << 20, 'x'));
  application.Close();
  CHECK(application.Join().cause == CloseCause::kCloseTimeout);
}

TEST_CASE("without a close timeout the peer may take its time") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Delay(Units(20));
    p.Send(CloseFrom(1000));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  CHECK(application.Join().cause == CloseCause::kNone);
}

TEST_CASE("closing twice sends one Close, the first") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(CloseFrom(1000));
    p.HalfClose();
    p.ExpectEndOfStream();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close(1000);
  application.Close(4000);
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 1000);
  peer.Join();
}

TEST_CASE("messages between our Close and the peer's are delivered") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x81, "one") + ServerFrame(0x81, "two") + CloseFrom(1000));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  CHECK(application.ReceiveAll() == Events{Text("one"), Text("two")});
  CHECK(application.Join().cause == CloseCause::kNone);
}

TEST_CASE("what comes between our Close and the peer's is bounded while nobody takes it") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.SendUntilReset(ServerFrame(0x82, std::string(std::size_t{1} << 20, 'x')));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  CHECK(application.Join().cause == CloseCause::kBacklog);
}

TEST_CASE("empty messages count towards that bound") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    std::string bytes;
    for (int i = 0; i < 100'000; ++i) bytes += ServerFrame(0x82, "");
    p.SendUntilReset(bytes);
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  CHECK(application.Join().cause == CloseCause::kBacklog);
}

TEST_CASE("what waited before our Close does not count towards that bound") {
  constexpr int kBefore = 30;
  constexpr int kAfter = 5;
  const std::string message(100'000, 'x');
  Gate held;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < kBefore; ++i) p.Send(ServerFrame(0x82, message));
    p.Expect(SentClose(1000));
    for (int i = 0; i < kAfter; ++i) p.Send(ServerFrame(0x82, message));
    held.Wait();
    p.Send(CloseFrom(1000));
  });
  Application application(SmallBacklogConfig(peer.port()));
  application.Open();
  AwaitHeld(application, kBefore * message.size());
  application.Close();
  AwaitHeld(application, (kBefore + kAfter) * message.size());
  held.Open();
  CHECK(application.ReceiveAll().size() == kBefore + kAfter);
  CHECK(application.Join().cause == CloseCause::kNone);
}

TEST_CASE("what was consumed before our Close does not count towards that bound") {
  constexpr int kBefore = 30;
  const std::string message(100'000, 'x');
  Gate held;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < kBefore; ++i) p.Send(ServerFrame(0x82, message));
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x82, message) + ServerFrame(0x82, message));
    held.Wait();
    p.Send(CloseFrom(1000));
  });
  Application application(SmallBacklogConfig(peer.port()));
  application.Open();
  AwaitHeld(application, kBefore * message.size());
  for (int i = 0; i < kBefore; ++i) CHECK(application.Receive());
  application.Close();
  CHECK(application.Receive());
  held.Open();
  CHECK(application.ReceiveAll().size() == 1);
  CHECK(application.Join().cause == CloseCause::kNone);
}

TEST_CASE("one message of the biggest size fits into that bound, as whatever it is held") {
  constexpr std::size_t kBiggest = std::size_t{2} << 20;
  Gate held;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x81, std::string(kBiggest - 2, 'x') + "é"));
    held.Wait();
    p.Send(CloseFrom(1000));
  });
  SessionConfig config = SmallBacklogConfig(peer.port());
  config.limits.max_message_size = kBiggest;
  Application application(config);
  application.Open();
  application.Close();
  application.AwaitFirstMessage();
  held.Open();
  CHECK(application.ReceiveAll().size() == 1);
  CHECK(application.Join().cause == CloseCause::kNone);
}

// --- the peer's Close -----------------------------------------------------------------------------------------------

TEST_CASE("the peer's Close is answered with its code") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(CloseFrom(4001, "enough"));
    p.Expect(SentClose(4001));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  (void)application.Await<Closing>();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.received_first);
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 4001);
  CHECK(outcome.received->reason == "enough");
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 4001);
  peer.Join();
}

TEST_CASE("messages before the peer's Close are delivered before the end") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    std::string bytes;
    for (int i = 0; i < 10'000; ++i) bytes += ServerFrame(0x81, std::to_string(i));
    p.Send(bytes + CloseFrom(1000));
    p.Close();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  const Events events = application.ReceiveAll();
  REQUIRE(events.size() == 10'000);
  CHECK(events.back() == Text("9999"));
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.received);
  CHECK(outcome.cause == CloseCause::kNone);
}

TEST_CASE("a peer that sends a Close and keeps its socket open is given up after the close timeout") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(CloseFrom(1001));
    p.Expect(SentClose(1001));
    p.ExpectEndOfStream();
  });
  Application application(ClosingConfig(peer.port(), 5));
  application.Open();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kCloseTimeout);
  CHECK(outcome.received_first);
  peer.Join();
}

TEST_CASE("Close frames that cross are both recorded, and ours was first") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(4000));
    p.Send(CloseFrom(4001));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close(4000);
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.sent);
  REQUIRE(outcome.received);
  CHECK(outcome.sent->code == 4000);
  CHECK(outcome.received->code == 4001);
  CHECK_FALSE(outcome.received_first);
  CHECK(outcome.cause == CloseCause::kNone);
}

TEST_CASE("closing after the peer's Close changes nothing") {
  Gate closed;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(CloseFrom(4001));
    closed.Wait();
    p.Expect(SentClose(4001));
    p.HalfClose();
    p.ExpectEndOfStream();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  (void)application.Await<Closing>();
  application.Close(4000);
  closed.Open();
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 4001);
  CHECK(outcome.received_first);
  peer.Join();
}

TEST_CASE("a stream that ends behind our Close, without the peer's, is told as that") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kEndOfStream);
  CHECK(outcome.sent);
  CHECK_FALSE(outcome.received);
}

TEST_CASE("a peer that breaks the protocol behind our Close does not prolong the close timeout") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Delay(Units(20));
    p.Send("\xFF");
    p.ReadToEnd();
  });
  Application application(ClosingConfig(peer.port(), 30));
  application.Open();
  const auto started = test::Clock::now();
  application.Close();
  CHECK(application.Join().cause == CloseCause::kProtocol);
  CHECK(Since(started) < Units(50));
}

}  // namespace
}  // namespace hawser::reader
