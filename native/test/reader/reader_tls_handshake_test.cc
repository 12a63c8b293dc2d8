// TLS handshakes: what is agreed upon, what is told of the peer, and that its certificate is judged but not acted upon.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

#include "reader/reader.h"
#include "test/support/reader/application.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using test::Application;
using test::AsString;
using test::Authority;
using test::Bundle;
using test::DialConfig;
using test::Identity;
using test::MakeContext;
using test::Peer;
using test::ScriptedPeer;
using test::SecureWith;
using test::TestAuthority;
using test::TestServer;
using test::TlsPeer;
using test::TlsServer;
using test::ToBytes;
using test::TrustingConfig;

std::vector<std::uint8_t> DerOf(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  const test::OwnedCertificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  std::vector<std::uint8_t> der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  unsigned char* end = der.data();
  i2d_X509(certificate.get(), &end);
  return der;
}

// What is told of a server.
Secured Meet(const test::TlsServerOptions& options, const Secure& command) {
  const TlsServer server(options);
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.ShakeHands();
    tls.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  Secured secured = application.OpenTls(command);
  application.reader().Terminate();
  CHECK(application.Join().cause == core::CloseCause::kTerminated);
  peer.Join();
  return secured;
}

Secured MeetWithIdentity(const std::string& alternatives, const std::string& identity) {
  Secure command = SecureWith(MakeContext());
  command.identity = identity;
  return Meet({.identity = TestAuthority().Issue({.alternatives = alternatives})}, command);
}

TEST_CASE("TLS 1.3 with a server that is trusted") {
  const Secured secured = Meet({}, SecureWith(MakeContext()));
  CHECK(secured.protocol == "TLSv1.3");
  CHECK(secured.cipher_name == "TLS_AES_256_GCM_SHA384");
  CHECK(secured.cipher_standard_name == "TLS_AES_256_GCM_SHA384");
  CHECK(secured.cipher_version == "TLSv1.3");
  CHECK(secured.alpn.empty());
  CHECK_FALSE(secured.reused);
  CHECK(secured.verify_code.empty());
  CHECK(secured.verify_message.empty());
  CHECK(secured.identity_matches);
  CHECK(secured.chain == std::vector{DerOf(TestServer().certificate), DerOf(TestAuthority().certificate())});
}

TEST_CASE("TLS 1.2 with a server that is trusted") {
  const Secured secured =
      Meet({.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}, SecureWith(MakeContext()));
  CHECK(secured.protocol == "TLSv1.2");
  CHECK(secured.cipher_name == "ECDHE-ECDSA-AES128-GCM-SHA256");
  CHECK(secured.cipher_standard_name == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  CHECK(secured.cipher_version == "TLSv1.2");
  CHECK(secured.verify_code.empty());
}

TEST_CASE("the server's name is sent, or none") {
  for (const std::string name : {"localhost", ""}) {
    const TlsServer server;
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer tls(server, p);
      tls.ShakeHands();
      const char* sent = SSL_get_servername(tls.ssl(), TLSEXT_NAMETYPE_host_name);
      tls.Send(sent == nullptr ? "none\n" : std::string(sent) + "\n");
      tls.ReadToCloseNotify();
    });
    Application application(DialConfig(peer.port()));
    Secure command = SecureWith(MakeContext());
    command.servername = name;
    (void)application.OpenTls(std::move(command));
    application.Post(ReadHead{100});
    CHECK(AsString(application.Await<HeadRead>().bytes) == (name.empty() ? "none\n" : name + "\n"));
  }
}

TEST_CASE("a protocol is agreed upon by ALPN") {
  Secure command = SecureWith(MakeContext());
  command.alpn = ToBytes("\x02h2\x08http/1.1");
  CHECK(Meet({.alpn = "http/1.1"}, command).alpn == "http/1.1");
  CHECK(Meet({.alpn = "other"}, command).alpn.empty());
}

TEST_CASE("verdicts have Node's names and OpenSSL's words") {
  const auto verdict = [](const test::TlsServerOptions& options, const TlsContextConfig& config = TrustingConfig()) {
    const Secured secured = Meet(options, SecureWith(MakeContext(config)));
    CHECK(secured.verify_message.empty() == secured.verify_code.empty());
    CHECK(secured.identity_matches);
    CHECK_FALSE(secured.chain.empty());
    return secured.verify_code;
  };
  CHECK(verdict({.identity = test::SelfSigned()}) == "DEPTH_ZERO_SELF_SIGNED_CERT");
  CHECK(verdict({.identity = TestAuthority().Issue({.expired = true})}) == "CERT_HAS_EXPIRED");
  CHECK(verdict({}, {}) == "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  CHECK(verdict({.chain = TestAuthority().certificate()}, {}) == "SELF_SIGNED_CERT_IN_CHAIN");
  TlsContextConfig revoking = TrustingConfig();
  revoking.crl = {ToBytes(TestAuthority().Revoke(TestServer()))};
  CHECK(verdict({}, revoking) == "CERT_REVOKED");
  const Secured expired = Meet({.identity = TestAuthority().Issue({.expired = true})}, SecureWith(MakeContext()));
  CHECK(expired.verify_message == "certificate has expired");
}

TEST_CASE("a chain with an authority in between, sent along or not") {
  const Authority between = TestAuthority().IssueAuthority();
  const Identity identity = between.Issue({});
  const Secured sent = Meet({.identity = identity, .chain = between.certificate()}, SecureWith(MakeContext()));
  CHECK(sent.verify_code.empty());
  CHECK(sent.chain.size() == 3);
  const Secured missing = Meet({.identity = identity}, SecureWith(MakeContext()));
  CHECK(missing.verify_code == "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  CHECK(missing.chain.size() == 1);
  TlsContextConfig partial;
  partial.ca = {ToBytes(between.certificate())};
  CHECK(Meet({.identity = identity}, SecureWith(MakeContext(partial))).verify_code == "UNABLE_TO_GET_ISSUER_CERT");
  partial.partial_chains = true;
  CHECK(Meet({.identity = identity}, SecureWith(MakeContext(partial))).verify_code.empty());
}

TEST_CASE("who the certificate is for: names and addresses") {
  const std::string alternatives = "DNS:localhost, DNS:*.example.test, IP:127.0.0.1, IP:::1";
  for (const char* identity : {"localhost", "LOCALHOST", "a.example.test", "127.0.0.1", "::1", "0:0::1", ""}) {
    INFO(identity);
    CHECK(MeetWithIdentity(alternatives, identity).identity_matches);
  }
  for (const char* identity :
       {"example.test", "a.b.example.test", "localhos", "127.0.0.2", "::2", "a server", ".example.test", ".test"}) {
    INFO(identity);
    const Secured secured = MeetWithIdentity(alternatives, identity);
    CHECK_FALSE(secured.identity_matches);
    CHECK(secured.verify_code.empty());
  }
  // An address that stands as a name is none, and neither the subject nor a part of a label counts.
  CHECK_FALSE(MeetWithIdentity("DNS:127.0.0.1", "127.0.0.1").identity_matches);
  CHECK_FALSE(MeetWithIdentity("DNS:a*.example.test", "ab.example.test").identity_matches);
  CHECK_FALSE(MeetWithIdentity("", "a server").identity_matches);
}

TEST_CASE("a client's certificate is shown, from PEM and from PKCS #12") {
  const Identity client = TestAuthority().Issue({.name = "a client"});
  TlsContextConfig pem = TrustingConfig();
  pem.cert = {ToBytes(client.certificate)};
  pem.key = {{.pem = ToBytes(client.key), .passphrase = std::nullopt}};
  TlsContextConfig pfx = TrustingConfig();
  pfx.pfx = {{.der = ToBytes(Bundle(client, TestAuthority().certificate(), "x")), .passphrase = "x"}};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& config : {pem, pfx}) {
      const TlsServer server({.client_ca = TestAuthority().certificate(), .max_version = version});
      ScriptedPeer peer([&](Peer& p) {
        p.Accept();
        TlsPeer tls(server, p);
        tls.AcceptWebSocket();
        tls.ReadToCloseNotify();
      });
      Application application(DialConfig(peer.port()));
      (void)application.OpenTls(SecureWith(MakeContext(config)));
      application.Upgrade();
    }
  }
}

TEST_CASE("the authorities of a PKCS #12 file are trusted as well") {
  TlsContextConfig config;
  config.pfx = {
      {.der = ToBytes(Bundle(TestAuthority().Issue({}), TestAuthority().certificate(), "x")), .passphrase = "x"}};
  CHECK(Meet({}, SecureWith(MakeContext(config))).verify_code.empty());
}

TEST_CASE("lines for a key log are told where they are wanted") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.ShakeHands();
    tls.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  Secure command = SecureWith(MakeContext());
  command.keylog = true;
  (void)application.Await<Dialed>();
  application.Post(std::move(command));
  std::set<std::string> labels;
  for (int i = 0; i < 5; ++i) {
    const std::string line = AsString(application.Await<KeyLogged>().line);
    labels.insert(line.substr(0, line.find(' ')));
  }
  CHECK(labels == std::set<std::string>{"SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                                        "EXPORTER_SECRET", "SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_0"});
  (void)application.Await<Secured>();
}

TEST_CASE("nothing is written before somebody has heard the verdict") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.ShakeHands();
    tls.ReadToCloseNotify();
  });
  Application application(DialConfig(peer.port()));
  (void)application.Await<Dialed>();
  application.Post(SecureWith(MakeContext({})));
  application.Post(WriteBytes{ToBytes("secret")});
  CHECK(application.Await<Secured>().verify_code == "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  application.reader().Terminate();
  (void)application.Join();
  peer.Join();
}

}  // namespace
}  // namespace hawser::reader
