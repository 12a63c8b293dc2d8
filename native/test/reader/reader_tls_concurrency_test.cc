// One context under many connections, each on a thread of its own.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "reader/reader.h"
#include "test/support/reader/application.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using test::Application;
using test::DialConfig;
using test::MakeContext;
using test::Peer;
using test::ScriptedPeer;
using test::SecureWith;
using test::ServerFrame;
using test::Text;
using test::TlsPeer;
using test::TlsServer;

TEST_CASE("many connections share one context, its sessions and its end") {
  constexpr int kRounds = 5;
  constexpr int kConnections = 8;
  const TlsServer server;
  auto context = MakeContext();
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<ScriptedPeer>> peers;
    std::vector<std::unique_ptr<Application>> applications;
    for (int i = 0; i < kConnections; ++i) {
      peers.push_back(std::make_unique<ScriptedPeer>([&](Peer& p) {
        p.Accept();
        TlsPeer tls(server, p);
        tls.AcceptWebSocket();
        tls.Send(ServerFrame(0x81, "hello"));
        tls.ReadToCloseNotify();
      }));
      applications.push_back(std::make_unique<Application>(DialConfig(peers.back()->port())));
      (void)applications.back()->Await<Dialed>();
    }
    for (auto& application : applications) {
      Secure command = SecureWith(context);
      command.session_key = "shared";
      application->Post(std::move(command));
    }
    if (round + 1 == kRounds) context.reset();
    for (auto& application : applications) {
      (void)application->Await<Secured>();
      application->Upgrade();
      CHECK(application->Receive() == Text("hello"));
      if (context) CHECK_FALSE(context->Resumable("shared").empty());
    }
    for (auto& application : applications) application->reader().Terminate();
    for (auto& application : applications) (void)application->Join();
  }
}

}  // namespace
}  // namespace hawser::reader
