// How connections over TLS end: with close_notify or cut off, by alerts and errors, by deadlines and by us.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "reader/reader.h"
#include "test/support/reader/application.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::CloseOutcome;
using test::Application;
using test::BigEndian;
using test::Count;
using test::DialConfig;
using test::Events;
using test::MakeContext;
using test::OpenSecurely;
using test::Peer;
using test::ScriptedPeer;
using test::SecureWith;
using test::SentClose;
using test::ServerFrame;
using test::Since;
using test::TestAuthority;
using test::Text;
using test::TlsPeer;
using test::TlsServer;
using test::ToBytes;
using test::Units;

// What becomes of a handshake with a peer that does not take part in it.
CloseOutcome Fail(const std::function<void(Peer&)>& script, std::uint64_t open_timeout = 0) {
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    script(p);
  });
  SessionConfig config = DialConfig(peer.port());
  config.open_timeout = open_timeout;
  Application application(config);
  (void)application.Await<Dialed>();
  application.Post(SecureWith(MakeContext()));
  CHECK_FALSE(application.NextNotice());
  return application.Join();
}

TEST_CASE("a close_notify is the end of the stream") {
  for (const bool half : {false, true}) {
    const TlsServer server;
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer tls(server, p);
      tls.AcceptWebSocket();
      tls.Send(ServerFrame(0x81, "last"));
      tls.SendCloseNotify();
      if (half) p.HalfClose();
      tls.ReadToCloseNotify();
    });
    Application application(DialConfig(peer.port()));
    OpenSecurely(application);
    CHECK(application.ReceiveAll() == Events{Text("last")});
    CHECK(application.Join().cause == CloseCause::kEndOfStream);
    peer.Join();
  }
}

TEST_CASE("without a close_notify the stream is truncated") {
  for (const std::size_t cut : {0, 10}) {
    const TlsServer server;
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer tls(server, p);
      tls.AcceptWebSocket();
      tls.Send(ServerFrame(0x81, "last"));
      tls.Cork();
      tls.Send(ServerFrame(0x81, "cut"));
      p.Send(std::string_view(tls.TakeCiphertext()).substr(0, cut));
      p.HalfClose();
      p.ReadToEnd();
    });
    Application application(DialConfig(peer.port()));
    OpenSecurely(application);
    CHECK(application.ReceiveAll() == Events{Text("last")});
    CHECK(application.Join().cause == CloseCause::kTruncated);
  }
}

TEST_CASE("a reset is a reset") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.Send(ServerFrame(0x81, "last"));
    tls.Expect({core::Opcode::kText, "up"});
    p.Reset();
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK(application.Receive() == Text("last"));
  application.SendText("up");
  CHECK_FALSE(application.Receive());
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error == UV_ECONNRESET);
}

TEST_CASE("once both Closes are exchanged a truncated stream is its normal end") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.Expect(SentClose(1000));
    tls.Send(ServerFrame(0x88, BigEndian(1000, 2)));
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  application.Close();
  CHECK_FALSE(application.Receive());
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.received);
  CHECK(outcome.sent);
}

TEST_CASE("a connection that is terminated says so by a close_notify") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kTerminated);
  peer.Join();
}

TEST_CASE("a failed connection ends with our Close, a close_notify and a half-close") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.Send(test::Hex("ff 00"));
    tls.Expect(SentClose(1002, "reserved bits are set"));
    tls.ReadToCloseNotify();
    p.ReadToEnd();
    tls.SendCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK_FALSE(application.Receive());
  CHECK(application.Join().cause == CloseCause::kProtocol);
  peer.Join();
}

TEST_CASE("an alert in the handshake has OpenSSL's words") {
  const TlsServer server({.min_version = TLS1_3_VERSION});
  TlsContextConfig config;
  config.max_version = TLS1_2_VERSION;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    (void)tls.FailToShakeHands();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(SecureWith(MakeContext(config)));
  CHECK_FALSE(application.NextNotice());
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTls);
  CHECK(outcome.detail == "error:0A00042E:SSL routines::tlsv1 alert protocol version");
}

TEST_CASE("a client without the certificate that is demanded hears why, be it after the handshake") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server({.client_ca = TestAuthority().certificate(), .max_version = version});
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer tls(server, p);
      (void)tls.FailToShakeHands();
    });
    Application application(DialConfig(peer.port()));
    (void)application.Await<Dialed>();
    application.Post(SecureWith(MakeContext()));
    if (version == TLS1_3_VERSION) {
      (void)application.Await<Secured>();
      application.Post(WriteBytes{ToBytes("a request")});
      application.Post(ReadHead{100});
    }
    CHECK_FALSE(application.NextNotice());
    const CloseOutcome outcome = application.Join();
    CHECK(outcome.cause == CloseCause::kTls);
    CHECK(outcome.detail == (version == TLS1_3_VERSION
                                 ? "error:0A00045C:SSL routines::tlsv13 alert certificate required"
                                 : "error:0A000410:SSL routines::sslv3 alert handshake failure"));
  }
}

TEST_CASE("our alert reaches the peer") {
  const TlsServer server({.max_version = TLS1_2_VERSION});
  TlsContextConfig config;
  config.min_version = TLS1_3_VERSION;
  std::string words;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    words = tls.FailToShakeHands();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(SecureWith(MakeContext(config)));
  CHECK_FALSE(application.NextNotice());
  CHECK(application.Join().cause == CloseCause::kTls);
  peer.Join();
  CHECK(words == "error:0A000102:SSL routines::unsupported protocol");
}

TEST_CASE("a record that was tampered with ends the connection, and the peer hears of it") {
  std::string words;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.Send(ServerFrame(0x81, "good"));
    tls.Cork();
    tls.Send(ServerFrame(0x81, "bad"));
    std::string ciphertext = tls.TakeCiphertext();
    ciphertext.back() = static_cast<char>(ciphertext.back() ^ 1);
    p.Send(ciphertext + std::string(100'000, 'x'));
    words = tls.FailToRead();
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK(application.ReceiveAll() == Events{Text("good")});
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTls);
  CHECK(outcome.detail == "error:0A000119:SSL routines::decryption failed or bad record mac");
  peer.Join();
  CHECK(words == "error:0A0003FC:SSL routines::sslv3 alert bad record mac");
}

TEST_CASE("what is not TLS ends the handshake") {
  for (const char* answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "\x15\x03\x01\x01"}) {
    const CloseOutcome outcome = Fail([&](Peer& p) {
      p.Send(answer);
      p.HalfClose();
      p.ReadToEnd();
    });
    if (answer[0] == '\x15') {
      CHECK(outcome.cause == CloseCause::kTruncated);
    } else {
      CHECK(outcome.cause == CloseCause::kTls);
      CHECK(outcome.detail == "error:0A00010B:SSL routines::wrong version number");
    }
  }
}

TEST_CASE("a peer that closes in the handshake") {
  CHECK(Fail([](Peer& p) {
          p.HalfClose();
          p.ReadToEnd();
        }).cause == CloseCause::kTruncated);
  const CloseOutcome outcome = Fail([](Peer& p) {
    p.Skip(1);
    p.Reset();
  });
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error == UV_ECONNRESET);
}

TEST_CASE("a peer that is silent in the handshake meets the open deadline") {
  const auto started = test::Clock::now();
  const CloseOutcome outcome = Fail([](Peer& p) { p.ReadToEnd(); }, Count(Units(5)));
  CHECK(outcome.cause == CloseCause::kOpenTimeout);
  CHECK(Since(started) >= Units(5));
}

TEST_CASE("a peer that goes on for ever after our alert is not waited for") {
  const CloseOutcome outcome = Fail([](Peer& p) {
    try {
      p.SendUntilReset(std::string(10'000, 'x'));
    } catch (const std::runtime_error&) {
      // It is as well if the client has gone before.
    }
  });
  CHECK(outcome.cause == CloseCause::kTls);
}

TEST_CASE("what is written before TLS begins goes out in the clear, and all before TLS does") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    if (p.ReadHead() != "STARTTLS\r\n\r\n") throw std::runtime_error("another line");
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(WriteBytes{ToBytes("STARTTLS\r\n\r\n")});
  (void)application.Secure(SecureWith(MakeContext()));
  application.Upgrade();
}

TEST_CASE("a name that can't be sent ends the connection") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  Secure command = SecureWith(MakeContext());
  command.servername = std::string(256, 'x');
  application.Post(std::move(command));
  CHECK_FALSE(application.NextNotice());
  CHECK(application.Join().cause == CloseCause::kTls);
}

TEST_CASE("a connection can be terminated at every step") {
  const TlsServer server;
  for (int steps = 0; steps < 6; ++steps) {
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      if (steps < 3) return p.ReadToEnd();
      TlsPeer tls(server, p);
      tls.ShakeHands();
      if (steps < 5) return p.ReadToEnd();
      (void)tls.ReadHead();
      tls.Send(test::kResponseHead);
      p.ReadToEnd();
    });
    Application application(DialConfig(peer.port()));
    if (steps > 0) (void)application.Await<Dialed>();
    if (steps > 1) application.Post(SecureWith(MakeContext()));
    if (steps > 2) (void)application.Await<Secured>();
    if (steps == 4) application.Post(WriteBytes{ToBytes("GET")});
    if (steps == 5) application.Upgrade();
    application.reader().Terminate();
    CHECK(application.Join().cause == CloseCause::kTerminated);
  }
}

}  // namespace
}  // namespace hawser::reader
