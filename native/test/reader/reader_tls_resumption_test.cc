// Sessions that are resumed, and those that must not be.
#include <doctest/doctest.h>

#include <string>

#include "reader/reader.h"
#include "test/support/reader/application.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using test::Application;
using test::AsString;
using test::DialConfig;
using test::MakeContext;
using test::Peer;
using test::ScriptedPeer;
using test::SecureWith;
using test::TlsPeer;
using test::TlsServer;

// Opens a connection that gets its tickets, and ends it as `end` says.
Secured Visit(const TlsServer& server, const Secure& command, bool terminate = false) {
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.ShakeHands();
    tls.Send("here\n");
    if (terminate) {
      tls.ReadToCloseNotify();
    } else {
      tls.SendCloseNotify();
      p.ReadToEnd();
    }
  });
  Application application(DialConfig(peer.port()));
  Secured secured = application.OpenTls(command);
  application.Post(ReadHead{100});
  CHECK(AsString(application.Await<HeadRead>().bytes) == "here\n");
  if (terminate) {
    application.reader().Terminate();
  } else {
    application.Post(ReadSome{100});
    CHECK(application.Await<BytesRead>().bytes.empty());
  }
  return secured;
}

Secure Keeping(std::shared_ptr<TlsContext> context, std::string key = "a") {
  Secure command = SecureWith(std::move(context));
  command.session_key = std::move(key);
  return command;
}

TEST_CASE("the next connection resumes the session of its key") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const bool terminate : {false, true}) {
      const TlsServer server({.max_version = version});
      const auto context = MakeContext();
      CHECK_FALSE(Visit(server, Keeping(context), terminate).reused);
      const Secured again = Visit(server, Keeping(context), terminate);
      CHECK(again.reused);
      CHECK(again.verify_code.empty());
      CHECK(again.identity_matches);
      CHECK_FALSE(again.chain.empty());
      CHECK(Visit(server, Keeping(context)).reused);
      CHECK_FALSE(Visit(server, Keeping(context, "b")).reused);
      CHECK_FALSE(Visit(server, Keeping(MakeContext())).reused);
      CHECK_FALSE(Visit(server, SecureWith(context)).reused);
    }
  }
}

TEST_CASE("a resumed session's certificate is held against the identity of now") {
  const TlsServer server;
  const auto context = MakeContext();
  (void)Visit(server, Keeping(context));
  Secure other = Keeping(context);
  other.identity = "other.test";
  const Secured secured = Visit(server, other);
  CHECK(secured.reused);
  CHECK_FALSE(secured.identity_matches);
}

TEST_CASE("a session whose server was not verified is not kept") {
  const TlsServer server;
  const auto context = MakeContext({});
  CHECK_FALSE(Visit(server, Keeping(context)).verify_code.empty());
  CHECK(context->Resumable("a").empty());
  CHECK_FALSE(Visit(server, Keeping(context)).reused);
}

TEST_CASE("a session goes out as DER and is resumed by another context of the same trust") {
  const TlsServer server;
  const auto context = MakeContext();
  CHECK(context->Resumable("a").empty());
  (void)Visit(server, Keeping(context));
  const auto der = context->Resumable("a");
  REQUIRE_FALSE(der.empty());
  Secure command = SecureWith(MakeContext());
  command.session = der;
  const Secured secured = Visit(server, command);
  CHECK(secured.reused);
  CHECK(secured.verify_code.empty());
  CHECK(secured.chain.size() == 1);
}

TEST_CASE("a session that another trust has judged is not resumed") {
  const TlsServer server;
  const auto context = MakeContext();
  (void)Visit(server, Keeping(context));
  Secure command = SecureWith(MakeContext({}));
  command.session = context->Resumable("a");
  const Secured secured = Visit(server, command);
  CHECK_FALSE(secured.reused);
  CHECK(secured.verify_code == "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
}

TEST_CASE("bytes that are no session are passed over, as in Node") {
  const TlsServer server;
  Secure command = SecureWith(MakeContext());
  command.session = test::ToBytes("no session");
  CHECK_FALSE(Visit(server, command).reused);
}

TEST_CASE("a server that no longer knows the session is met anew") {
  const auto context = MakeContext();
  (void)Visit(TlsServer(), Keeping(context));
  CHECK_FALSE(Visit(TlsServer(), Keeping(context)).reused);
}

TEST_CASE("a ticket that comes later is the newest session") {
  const TlsServer server;
  const auto context = MakeContext();
  (void)Visit(server, Keeping(context));
  const auto before = context->Resumable("a");
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.ShakeHands();
    tls.SendTicket();
    tls.Send("here\n");
    tls.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  (void)application.OpenTls(Keeping(context));
  application.Post(ReadHead{100});
  (void)application.Await<HeadRead>();
  const auto after = context->Resumable("a");
  CHECK_FALSE(after.empty());
  CHECK(after != before);
}

}  // namespace
}  // namespace hawser::reader
