// TLS in TLS, as an HTTPS proxy carries it: the tunnel is asked for inside the first, the second goes through.
#include <doctest/doctest.h>

#include <string>

#include "reader/reader.h"
#include "test/support/reader/application.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using test::Application;
using test::AsString;
using test::BigEndian;
using test::Binary;
using test::DialConfig;
using test::MakeContext;
using test::PausingConfig;
using test::Peer;
using test::ScriptedPeer;
using test::SecureWith;
using test::SentClose;
using test::ServerFrame;
using test::TlsPeer;
using test::TlsServer;
using test::ToBytes;

constexpr std::string_view kConnected = "HTTP/1.1 200 OK\r\n\r\n";

void AcceptTunnel(TlsPeer& proxy) {
  proxy.ShakeHands();
  (void)proxy.ReadHead();
  proxy.Send(kConnected);
}

// Up to the second handshake.
void Tunnel(Application& application) {
  (void)application.OpenTls(SecureWith(MakeContext()));
  application.Post(WriteBytes{ToBytes("CONNECT localhost:443 HTTP/1.1\r\n\r\n")});
  application.Post(ReadHead{1000});
  REQUIRE(AsString(application.Await<HeadRead>().bytes) == kConnected);
}

TEST_CASE("messages go both ways through two layers, whole or paused at each") {
  for (const bool pausing : {false, true}) {
    const TlsServer proxy_server;
    const TlsServer server;
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer proxy(proxy_server, p);
      AcceptTunnel(proxy);
      TlsPeer tls(server, proxy);
      tls.AcceptWebSocket();
      for (const std::size_t size : {10, 20'000, 1'000'000}) {
        tls.Expect({core::Opcode::kBinary, std::string(size, 'x')});
        for (int i = 0; i < 20; ++i) tls.Send(ServerFrame(0x82, std::string(size, 'y')));
      }
      tls.Expect(SentClose(1000));
      tls.Send(ServerFrame(0x88, BigEndian(1000, 2)));
      tls.SendCloseNotify();
    });
    Application application(pausing ? PausingConfig(peer.port()) : DialConfig(peer.port()));
    Tunnel(application);
    const Secured secured = application.Secure(SecureWith(MakeContext()));
    CHECK(secured.verify_code.empty());
    application.Upgrade();
    for (const std::size_t size : {10, 20'000, 1'000'000}) {
      application.SendLarge(core::Opcode::kBinary, std::string(size, 'x'));
      for (int i = 0; i < 20; ++i) REQUIRE(application.Receive() == Binary(std::string(size, 'y')));
    }
    CHECK(application.buffered() == 0);
    application.Close();
    CHECK_FALSE(application.Receive());
    CHECK(application.Join().cause == CloseCause::kNone);
  }
}

TEST_CASE("an end of the outer layer is a truncation of the inner one") {
  for (const bool notify : {false, true}) {
    const TlsServer proxy_server;
    const TlsServer server;
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer proxy(proxy_server, p);
      AcceptTunnel(proxy);
      TlsPeer tls(server, proxy);
      tls.AcceptWebSocket();
      if (notify) proxy.SendCloseNotify();
      p.HalfClose();
      p.ReadToEnd();
    });
    Application application(DialConfig(peer.port()));
    Tunnel(application);
    (void)application.Secure(SecureWith(MakeContext()));
    application.Upgrade();
    CHECK_FALSE(application.Receive());
    CHECK(application.Join().cause == CloseCause::kTruncated);
  }
}

TEST_CASE("an error of the outer layer ends the inner one") {
  const TlsServer proxy_server;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer proxy(proxy_server, p);
    AcceptTunnel(proxy);
    TlsPeer tls(server, proxy);
    tls.AcceptWebSocket();
    p.Send(std::string(100, 'x'));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  Tunnel(application);
  (void)application.Secure(SecureWith(MakeContext()));
  application.Upgrade();
  CHECK_FALSE(application.Receive());
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTls);
  CHECK(outcome.detail == "error:0A00010B:SSL routines::wrong version number");
}

TEST_CASE("what is not TLS inside the tunnel ends it") {
  const TlsServer proxy_server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer proxy(proxy_server, p);
    AcceptTunnel(proxy);
    proxy.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  Tunnel(application);
  application.Post(SecureWith(MakeContext()));
  CHECK_FALSE(application.NextNotice());
  CHECK(application.Join().cause == CloseCause::kTls);
}

TEST_CASE("a tunnel can be terminated while its second handshake goes on") {
  const TlsServer proxy_server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer proxy(proxy_server, p);
    AcceptTunnel(proxy);
    proxy.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  Tunnel(application);
  application.Post(SecureWith(MakeContext()));
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kTerminated);
  peer.Join();
}

}  // namespace
}  // namespace hawser::reader
