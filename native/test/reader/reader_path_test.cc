// A whole connection over a Unix domain socket: what it says of its ends, what goes through it, and how it breaks.
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
using test::DialConfig;
using test::Events;
using test::kResponseHead;
using test::Peer;
using test::ScriptedPeer;
using test::ServerFrame;
using test::SocketPath;
using test::Text;

TEST_CASE("the ends of a Unix domain socket are its path and nothing") {
  const SocketPath path;
  ScriptedPeer peer(path, [](Peer& p) {
    p.Accept();
    p.ReadToEnd();
  });
  Application application(DialConfig(path));
  const auto dialed = application.Await<Dialed>();
  CHECK(dialed.index == 0);
  CHECK(dialed.remote.family == AddressFamily::kUnix);
  CHECK(dialed.remote.address == path.text());
  CHECK(dialed.remote.port == 0);
  CHECK(dialed.local.family == AddressFamily::kUnix);
  CHECK(dialed.local.address.empty());
}

TEST_CASE("messages go both ways through a Unix domain socket, and its closing handshake is clean") {
  const std::string big(3'000'000, 'x');
  const SocketPath path;
  ScriptedPeer peer(path, [&](Peer& p) {
    p.AcceptWebSocket();
    p.SendWhileReading(ServerFrame(0x81, "down") + ServerFrame(0x81, big));
    p.Expect({core::Opcode::kText, "up"});
    p.Expect({core::Opcode::kBinary, big});
    p.Expect({core::Opcode::kClose, "\x03\xE8"});
    p.Send(ServerFrame(0x88, "\x03\xE8"));
  });
  Application application(DialConfig(path));
  application.Open();
  application.SendText("up");
  application.SendLarge(core::Opcode::kBinary, big);
  CHECK(application.Receive() == Text("down"));
  CHECK(application.Receive() == Text(big));
  application.Close(1000);
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.received.has_value());
}

TEST_CASE("the end of a Unix domain socket's stream is told from its reset") {
  const SocketPath path;
  ScriptedPeer peer(path, [](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "last"));
  });
  Application application(DialConfig(path));
  application.Open();
  CHECK(application.ReceiveAll() == Events{Text("last")});
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("a Unix domain socket is reset where its peer goes without reading all") {
  const SocketPath path;
  ScriptedPeer peer(path, [](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    p.Send(kResponseHead);
    p.ExpectUnread();
    p.Close();
  });
  Application application(DialConfig(path));
  application.Open();
  application.SendText("unread");
  CHECK(application.ReceiveAll().empty());
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kTransport);
  CHECK(outcome.transport_error == UV_ECONNRESET);
}

TEST_CASE("a path where nobody listens ends it with the system's error") {
  const SocketPath path;
  Application application(DialConfig(path));
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kDial);
  CHECK(outcome.transport_error == UV_ENOENT);
}

}  // namespace
}  // namespace hawser::reader
