// Every other way in which a connection ends, each with its own cause, and what was received before it delivered.
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
using core::ErrorKind;
using test::Application;
using test::BigEndian;
using test::BlackHole;
using test::Count;
using test::DialConfig;
using test::Events;
using test::Gate;
using test::Hex;
using test::PausingConfig;
using test::Peer;
using test::ScriptedPeer;
using test::SentClose;
using test::ServerFrame;
using test::Since;
using test::Text;
using test::Units;

TEST_CASE("the end of the stream without a Close") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "last"));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  CHECK(application.ReceiveAll() == Events{Text("last")});
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kEndOfStream);
  CHECK_FALSE(outcome.received);
  CHECK_FALSE(outcome.sent);
}

TEST_CASE("the end of the stream in the middle of a frame") {
  for (const char* half : {"81", "81 05", "81 05 68 65", "01 02 68 69"}) {
    ScriptedPeer peer([&](Peer& p) {
      p.AcceptWebSocket();
      p.Send(ServerFrame(0x81, "whole") + Hex(half));
    });
    Application application(DialConfig(peer.port()));
    application.Open();
    CHECK(application.ReceiveAll() == Events{Text("whole")});
    CHECK(application.Join().cause == CloseCause::kEndOfStream);
  }
}

TEST_CASE("the end of the stream in the middle of a big message") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x82, std::string(1'000'000, 'x')).substr(0, 500'000));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  CHECK(application.ReceiveAll().empty());
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("a reset") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({core::Opcode::kText, "up"});
    p.Reset();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendText("up");
  CHECK_FALSE(application.Receive());
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error == UV_ECONNRESET);
}

TEST_CASE("what was received before a reset is delivered") {
  Gate reset;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    reset.Wait();
    p.Send(ServerFrame(0x81, "two"));
    p.Reset();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  reset.Open();
  peer.Join();
  CHECK(application.ReceiveAll() == Events{Text("one"), Text("two")});
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error == UV_ECONNRESET);
}

TEST_CASE("what was received before a write fails is delivered, though reading was paused") {
  constexpr int kMessages = 1000;
  Gate reset;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "first"));
    reset.Wait();
    std::string bytes;
    for (int i = 0; i < kMessages; ++i) bytes += ServerFrame(0x81, std::to_string(i));
    p.Send(bytes);
    p.Reset();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  reset.Open();
  peer.Join();
  application.SendText("into the void");
  application.AwaitFinish();
  const Events events = application.ReceiveAll();
  REQUIRE(events.size() == 1 + kMessages);
  CHECK(events.back() == Text(std::to_string(kMessages - 1)));
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error < 0);
}

TEST_CASE("a Close behind a failed write makes a clean end of it") {
  Gate reset;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "first"));
    reset.Wait();
    p.Send(ServerFrame(0x81, "last") + ServerFrame(0x88, BigEndian(1000, 2)));
    p.Reset();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  reset.Open();
  peer.Join();
  application.SendText("into the void");
  application.AwaitFinish();
  CHECK(application.ReceiveAll() == Events{Text("first"), Text("last")});
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 1000);
  CHECK(outcome.cause == CloseCause::kNone);
}

TEST_CASE("an application whose write failed is told that nothing can be sent") {
  Gate reset;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "first"));
    reset.Wait();
    p.Reset();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  reset.Open();
  peer.Join();
  application.SendText("into the void");
  (void)application.Await<Closing>();
  (void)application.Join();
}

// --- failing the connection -----------------------------------------------------------------------------------------

struct Breach {
  const char* name;
  std::string bytes;
  ErrorKind kind;
  std::uint16_t code;
};

TEST_CASE("a peer that breaks the protocol is told why, and the outcome tells it too") {
  const Breach breaches[] = {
      {"a reserved bit", Hex("C1 00"), ErrorKind::kReservedBits, 1002},
      {"a reserved opcode", Hex("83 00"), ErrorKind::kReservedOpcode, 1002},
      {"a masked frame", Hex("81 80 01 02 03 04"), ErrorKind::kMaskedFrame, 1002},
      {"invalid UTF-8", ServerFrame(0x81, "\xFF"), ErrorKind::kInvalidUtf8, 1007},
      {"an invalid close code", ServerFrame(0x88, BigEndian(1006, 2)), ErrorKind::kInvalidCloseCode, 1002},
      {"too big a message", ServerFrame(0x82, std::string(1001, 'x')), ErrorKind::kMessageTooBig, 1009},
  };
  for (const Breach& breach : breaches) {
    INFO(breach.name);
    ScriptedPeer peer([&](Peer& p) {
      p.AcceptWebSocket();
      p.Send(ServerFrame(0x81, "before") + breach.bytes + ServerFrame(0x81, "after"));
      p.Expect(SentClose(breach.code, core::Describe(breach.kind)));
      p.ExpectEndOfStream();
    });
    SessionConfig config = DialConfig(peer.port());
    config.limits.max_message_size = 1000;
    Application application(config);
    application.Open();
    CHECK(application.ReceiveAll() == Events{Text("before")});
    const CloseOutcome outcome = application.Join();
    CHECK(outcome.cause == CloseCause::kProtocol);
    CHECK(outcome.error.kind == breach.kind);
    REQUIRE(outcome.sent);
    CHECK(outcome.sent->code == breach.code);
    CHECK_FALSE(outcome.received);
    peer.Join();
  }
}

TEST_CASE("the application learns of a failure before the connection has ended") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send("\xFF");
    p.Delay(test::Patience());
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  (void)application.Await<Closing>();
  (void)application.Join();
}

TEST_CASE("a peer that broke the protocol and keeps its socket open is given a second at most") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send("\xFF");
    p.Delay(test::Patience());
  });
  SessionConfig config = DialConfig(peer.port());
  config.close_timeout = Count(test::Patience());
  Application application(config);
  application.Open();
  CHECK(application.Join().cause == CloseCause::kProtocol);
}

TEST_CASE("a peer that broke the protocol is given no more than the close timeout") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send("\xFF");
    p.Delay(test::Patience());
  });
  SessionConfig config = DialConfig(peer.port());
  config.close_timeout = Count(Units(3));
  Application application(config);
  application.Open();
  (void)application.Await<Closing>();
  const auto failed = test::Clock::now();
  CHECK(application.Join().cause == CloseCause::kProtocol);
  CHECK(Since(failed) < Units(50));
}

// --- terminating ----------------------------------------------------------------------------------------------------

TEST_CASE("terminated while dialing") {
  const BlackHole silent;
  Application application(DialConfig(silent.port()));
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kTerminated);
}

TEST_CASE("terminated in the opening handshake") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(ReadHead{1000});
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kTerminated);
  peer.Join();
}

TEST_CASE("terminated while open sends no Close") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ExpectEndOfStream();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.reader().Terminate();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTerminated);
  CHECK_FALSE(outcome.sent);
  peer.Join();
}

TEST_CASE("terminated while the peer's Close is awaited") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x81, "seen"));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  CHECK(application.Receive() == Text("seen"));
  application.reader().Terminate();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTerminated);
  CHECK(outcome.sent);
  CHECK_FALSE(outcome.received);
  peer.Join();
}

TEST_CASE("terminated behind both Close frames has the frames of a clean end") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x88, BigEndian(1000, 2)));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  (void)application.Await<Closing>();
  application.reader().Terminate();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTerminated);
  CHECK(outcome.received);
  CHECK(outcome.sent);
}

TEST_CASE("terminated while paused") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.ReadToEnd();
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  application.reader().Terminate();
  CHECK(application.ReceiveAll() == Events{Text("one")});
  CHECK(application.Join().cause == CloseCause::kTerminated);
}

TEST_CASE("terminated after it failed keeps the cause of the failure") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send("\xFF");
    p.Delay(test::Patience());
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  (void)application.Await<Closing>();
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kProtocol);
}

TEST_CASE("terminated twice ends once") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.reader().Terminate();
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kTerminated);
  application.reader().Terminate();
}

TEST_CASE("a reader that is dropped ends, in any phase") {
  const BlackHole silent;
  ScriptedPeer mute([](Peer& p) {
    p.Accept();
    p.ReadToEnd();
  });
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  { const Application dialing(DialConfig(silent.port())); }
  {
    Application handshaking(DialConfig(mute.port()));
    (void)handshaking.Await<Dialed>();
  }
  {
    Application open(DialConfig(peer.port()));
    open.Open();
  }
  CHECK(live_readers == 0);
}

}  // namespace
}  // namespace hawser::reader
