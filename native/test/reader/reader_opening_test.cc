// From the dial to the first frame: whom it reaches, what it writes and reads, and every way in which it can fail.
#include <doctest/doctest.h>

#include <string>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using test::Application;
using test::AsSpan;
using test::AsString;
using test::BlackHole;
using test::Count;
using test::DialConfig;
using test::Event;
using test::kResponseHead;
using test::Patience;
using test::Peer;
using test::RefusingPort;
using test::ScriptedPeer;
using test::ServerFrame;
using test::Since;
using test::Text;
using test::Units;

void Write(Application& application, std::string_view bytes) {
  const auto span = AsSpan(bytes);
  application.Post(WriteBytes{{span.begin(), span.end()}});
}

// A config that dials several ports in turn.
SessionConfig DialInTurn(std::initializer_list<int> ports, test::Milliseconds attempt_delay) {
  SessionConfig config = DialConfig(0);
  config.dial.targets.clear();
  for (const int port : ports) config.dial.targets.push_back({.address = "127.0.0.1", .port = port, .path = ""});
  config.dial.attempt_delay = Count(attempt_delay);
  return config;
}

void AcceptOnly(Peer& p) {
  p.Accept();
  p.ReadToEnd();
}

// --- dialing --------------------------------------------------------------------------------------------------------

TEST_CASE("tells which address it reached, and both ends") {
  ScriptedPeer peer(AcceptOnly);
  Application application(DialConfig(peer.port()));
  const auto dialed = application.Await<Dialed>();
  CHECK(dialed.index == 0);
  CHECK(dialed.remote.address == "127.0.0.1");
  CHECK(dialed.remote.port == peer.port());
  CHECK(dialed.local.address == "127.0.0.1");
  CHECK(dialed.local.port > 0);
}

TEST_CASE("when the first address refuses it takes the second at once") {
  const RefusingPort refusing;
  ScriptedPeer peer(AcceptOnly);
  Application application(DialInTurn({refusing.port(), peer.port()}, Patience()));
  CHECK(application.Await<Dialed>().index == 1);
}

TEST_CASE("when the first address is silent it takes the second after the attempt delay") {
  const BlackHole silent;
  ScriptedPeer peer(AcceptOnly);
  const auto started = test::Clock::now();
  Application application(DialInTurn({silent.port(), peer.port()}, Units(5)));
  CHECK(application.Await<Dialed>().index == 1);
  CHECK(Since(started) >= Units(5) - test::Milliseconds(1));
}

TEST_CASE("the first address wins if it answers before the second, late as it is") {
  BlackHole slow;
  const BlackHole silent;
  Application application(DialInTurn({slow.port(), silent.port()}, Units(1)));
  slow.Open();
  CHECK(application.Await<Dialed>().index == 0);
}

TEST_CASE("when all addresses refuse it ends with the last error") {
  const RefusingPort first;
  const RefusingPort second;
  Application application(DialInTurn({first.port(), second.port()}, Patience()));
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kDial);
  CHECK(outcome.transport_error == UV_ECONNREFUSED);
  CHECK_FALSE(application.NextNotice());
}

TEST_CASE("without an address it ends at once") {
  Application application(DialInTurn({}, Patience()));
  CHECK(application.Join().cause == CloseCause::kDial);
}

TEST_CASE("an address that never answers ends it after the open timeout") {
  const BlackHole silent;
  SessionConfig config = DialConfig(silent.port());
  config.open_timeout = Count(Units(5));
  const auto started = test::Clock::now();
  Application application(config);
  CHECK(application.Join().cause == CloseCause::kOpenTimeout);
  CHECK(Since(started) >= Units(5) - test::Milliseconds(1));
}

// --- the handshake's bytes ------------------------------------------------------------------------------------------

TEST_CASE("writes bytes as they are and answers with the response's head") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    CHECK(p.ReadHead() == "GET /chat HTTP/1.1\r\nHost: a\r\n\r\n");
    p.Send("HTTP/1.1 101 Yes\r\nA: b\r\n\r\n");
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  Write(application, "GET /chat HTTP/1.1\r\n");
  Write(application, "Host: a\r\n\r\n");
  application.Post(ReadHead{1000});
  const auto head = application.Await<HeadRead>();
  CHECK(AsString(head.bytes) == "HTTP/1.1 101 Yes\r\nA: b\r\n\r\n");
  CHECK_FALSE(head.unfinished);
}

TEST_CASE("a head that comes byte by byte is told once it is whole") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    for (const char byte : kResponseHead) {
      p.Send({&byte, 1});
      p.Delay(test::Milliseconds(1));
    }
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(ReadHead{1000});
  CHECK(AsString(application.Await<HeadRead>().bytes) == kResponseHead);
}

TEST_CASE("frames in the same segment as the head are the first messages") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    p.Send(std::string(kResponseHead) + ServerFrame(0x81, "one") + ServerFrame(0x81, "two") + "\x81");
    p.Send("\x05three");
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  for (const char* expected : {"one", "two", "three"}) CHECK(application.Receive() == Text(expected));
}

TEST_CASE("a Close in the same segment as the head is answered") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    p.Send(std::string(kResponseHead) + ServerFrame(0x88, test::BigEndian(1001, 2)));
    p.Expect(test::SentClose(1001));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  CHECK_FALSE(application.Receive());
  const core::CloseOutcome outcome = application.Join();
  REQUIRE(outcome.received);
  CHECK(outcome.received->code == 1001);
  CHECK(outcome.cause == CloseCause::kNone);
}

TEST_CASE("a flood in the same segment as the head is paused and resumed as any other") {
  constexpr std::size_t kMessages = 20'000;
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    std::string bytes(kResponseHead);
    for (std::size_t i = 0; i < kMessages; ++i) bytes += ServerFrame(0x82, "");
    p.Send(bytes);
    p.Close();
  });
  Application application(test::PausingConfig(peer.port()));
  application.Open();
  CHECK(application.ReceiveAll().size() == kMessages);
}

TEST_CASE("a head beyond the limit is told as unfinished") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.Send("HTTP/1.1 101 Yes\r\n" + std::string(10'000, 'x'));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(ReadHead{5000});
  const auto head = application.Await<HeadRead>();
  CHECK(head.unfinished);
  CHECK(head.bytes.size() == 5000);
}

TEST_CASE("the body of a refusal can be read to the end of the stream") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.Send("HTTP/1.1 404 No\r\n\r\nbo");
    p.Send("dy");
    p.Close();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(ReadHead{1000});
  CHECK(AsString(application.Await<HeadRead>().bytes) == "HTTP/1.1 404 No\r\n\r\n");
  std::string body;
  for (;;) {
    application.Post(ReadSome{3});
    const auto some = application.Await<BytesRead>().bytes;
    CHECK(some.size() <= 3);
    if (some.empty()) break;
    body += AsString(some);
  }
  CHECK(body == "body");
}

TEST_CASE("what nobody has asked for is not read") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWithSmallBuffer();
    const std::string much(std::size_t{64} << 20, 'x');
    CHECK(p.SendUntilStuck(much) < much.size());
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  peer.Join();
}

// --- endings --------------------------------------------------------------------------------------------------------

TEST_CASE("a stream that ends before the head ends the connection") {
  ScriptedPeer peer([](Peer& p) { p.Accept(); });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(ReadHead{1000});
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("a stream that ends inside the head is told with what came") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.Send("HTTP/1.1 10");
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(ReadHead{1000});
  const auto head = application.Await<HeadRead>();
  CHECK(head.unfinished);
  CHECK(AsString(head.bytes) == "HTTP/1.1 10");
}

TEST_CASE("a reset instead of a head ends the connection with its error") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    p.Reset();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  Write(application, "GET / HTTP/1.1\r\n\r\n");
  application.Post(ReadHead{1000});
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error == UV_ECONNRESET);
}

TEST_CASE("a peer that never answers ends the connection after the open timeout") {
  ScriptedPeer peer(AcceptOnly);
  SessionConfig config = DialConfig(peer.port());
  config.open_timeout = Count(Units(5));
  Application application(config);
  (void)application.Await<Dialed>();
  application.Post(ReadHead{1000});
  CHECK(application.Join().cause == CloseCause::kOpenTimeout);
}

TEST_CASE("the open timeout ends an application that never asks as well") {
  ScriptedPeer peer(AcceptOnly);
  SessionConfig config = DialConfig(peer.port());
  config.open_timeout = Count(Units(5));
  Application application(config);
  CHECK(application.Join().cause == CloseCause::kOpenTimeout);
}

TEST_CASE("the open timeout is over once frames have started") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Delay(Units(40));
    p.Send(ServerFrame(0x81, "still here"));
    p.ReadToEnd();
  });
  SessionConfig config = DialConfig(peer.port());
  config.open_timeout = Count(Units(30));
  Application application(config);
  application.Open();
  CHECK(application.Receive() == Text("still here"));
}

TEST_CASE("closing before frames have started ends at once, without a Close") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ExpectEndOfStream();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Close();
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTerminated);
  CHECK_FALSE(outcome.sent);
  peer.Join();
}

}  // namespace
}  // namespace hawser::reader
