// A connection over TLS for which there is no memory at some moment: it ends and says so, or does without.
#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "reader/reader.h"
#include "test/support/failing_new.h"
#include "test/support/reader/application.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using test::Application;
using test::BigEndian;
using test::DialConfig;
using test::FailingNew;
using test::MakeContext;
using test::Peer;
using test::ScriptedPeer;
using test::SecureWith;
using test::ServerFrame;
using test::TlsPeer;
using test::TlsServer;
using test::ToBytes;

// What the server does over TLS until the connection has ended.
void Serve(TlsPeer& tls) {
  tls.AcceptWebSocket();
  (void)tls.ReadFrame();
  tls.Send(ServerFrame(0x82, std::string(100'000, 'L')) + ServerFrame(0x88, BigEndian(1000, 2)));
  tls.SendCloseNotify();
}

// Whether an allocation of the reader's has failed, the one after `allowed` from the first ring on.
bool LiveThrough(const TlsServer& server, int allowed, bool nested) {
  ScriptedPeer peer([&](Peer& p) {
    try {
      p.Accept();
      TlsPeer tls(server, p);
      if (nested) {
        tls.ShakeHands();
        TlsPeer inside(server, tls);
        Serve(inside);
        tls.SendCloseNotify();
      } else {
        Serve(tls);
      }
      p.ReadToEnd();
    } catch (const std::runtime_error&) {
      // The connection has ended before.
    }
  });
  SessionConfig config = DialConfig(peer.port());
  config.open_timeout = config.close_timeout = test::Count(test::Units(300));
  std::optional<FailingNew> failing;  // the reader's thread's
  bool failed = false;
  Application application(config, [&](std::uint32_t ready) {
    if (!failing) failing.emplace(allowed);
    if ((ready & kReadyFinished) != 0) failed = FailingNew::Failed();
  });
  (void)application.NextNotice();
  for (int layers = nested ? 2 : 1; layers > 0; --layers) {
    Secure command = SecureWith(MakeContext());
    command.session_key = "a";
    command.keylog = true;
    application.Post(std::move(command));
    bool secured = false;
    while (const auto notice = secured ? std::nullopt : application.NextNotice()) {
      secured = std::holds_alternative<Secured>(*notice);
    }
  }
  application.Post(WriteBytes{ToBytes("GET / HTTP/1.1\r\n\r\n")});
  application.Post(ReadHead{1000});
  if (application.NextNotice()) application.Post(Start{});
  application.SendText(std::string(50'000, 'x'));
  application.AwaitFinish();
  (void)application.ReceiveAll();
  const core::CloseOutcome outcome = application.Join();
  const bool lived = outcome.cause == CloseCause::kNone;
  INFO(static_cast<int>(outcome.cause), " ", outcome.detail, " ", outcome.transport_error);
  CHECK((lived || failed));
  return failed;
}

TEST_CASE("TLS without memory for any one allocation") {
  const TlsServer server;
  int allowed = 0;
  while (LiveThrough(server, allowed, false)) ++allowed;
  CHECK(allowed > 30);
}

TEST_CASE("TLS in TLS without memory for any one allocation") {
  const TlsServer server;
  int allowed = 0;
  while (LiveThrough(server, allowed, true)) ++allowed;
  CHECK(allowed > 60);
}

}  // namespace
}  // namespace hawser::reader
