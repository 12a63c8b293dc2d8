// What a context takes and what it refuses, in OpenSSL's words where it has some, as Node does.
#include "reader/tls_context.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <functional>
#include <string>

#include "test/support/reader/tls_client.h"

namespace hawser::reader {
namespace {

using test::Authority;
using test::Bundle;
using test::Identity;
using test::MakeContext;
using test::TestAuthority;
using test::ToBytes;
using test::TrustingConfig;

constexpr const char* kBadCertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

Identity Client() { return TestAuthority().Issue({.name = "a client"}); }

// What is thrown of a configuration, which must be a TlsError; nothing may be left in OpenSSL's queue.
std::string ErrorOf(const std::function<void(TlsContextConfig&)>& change) {
  TlsContextConfig config = TrustingConfig();
  change(config);
  std::string words = "nothing is thrown";
  try {
    const auto context = MakeContext(config);
  } catch (const TlsError& error) {
    words = error.what();
  }
  CHECK(ERR_peek_error() == 0);
  return words;
}

TEST_CASE("certificates, keys, revocation lists and PKCS #12 files are taken") {
  const Identity client = Client();
  TlsContextConfig config = TrustingConfig();
  config.ca.push_back(ToBytes(TestAuthority().certificate() + Authority().certificate()));
  config.crl = {ToBytes(TestAuthority().Revoke(client))};
  config.cert = {ToBytes(client.certificate + TestAuthority().certificate())};
  config.key = {{.pem = ToBytes(client.key), .passphrase = std::nullopt}};
  config.default_paths = true;
  config.partial_chains = true;
  CHECK_NOTHROW(MakeContext(config));
  config.cert.clear();
  config.key.clear();
  config.pfx = {{.der = ToBytes(Bundle(client, TestAuthority().certificate(), "open")), .passphrase = "open"}};
  CHECK_NOTHROW(MakeContext(config));
  // JavaScript's thread is Node's too.
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("a key's passphrase opens it") {
  const Identity client = Client();
  TlsContextConfig config = TrustingConfig();
  config.cert = {ToBytes(client.certificate)};
  config.key = {{.pem = ToBytes(test::EncryptKey(client, "open")), .passphrase = "open"}};
  CHECK_NOTHROW(MakeContext(config));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("a wrong passphrase is an error, and so is none; nobody is asked") {
  const Identity client = Client();
  const auto pem = ToBytes(test::EncryptKey(client, "open"));
  CHECK(ErrorOf([&](auto& config) { config.key = {{.pem = pem, .passphrase = "shut"}}; }).starts_with("error:"));
  CHECK(ErrorOf([&](auto& config) { config.key = {{.pem = pem, .passphrase = std::nullopt}}; }).starts_with("error:"));
  const auto bundle = ToBytes(Bundle(client, TestAuthority().certificate(), "open"));
  CHECK(ErrorOf([&](auto& config) { config.pfx = {{.der = bundle, .passphrase = "shut"}}; }) ==
        "error:11800071:PKCS12 routines::mac verify failure");
}

TEST_CASE("what is no PEM is refused in the words that Node reports") {
  CHECK(ErrorOf([](auto& config) { config.cert = {ToBytes("x")}; }) == "error:0480006C:PEM routines::no start line");
  CHECK(ErrorOf([](auto& config) { config.cert = {ToBytes(kBadCertificate)}; }) ==
        "error:068000A8:asn1 encoding routines::wrong tag");
  CHECK(ErrorOf([](auto& config) { config.key = {{.pem = ToBytes("x"), .passphrase = std::nullopt}}; }) ==
        "error:1E08010C:DECODER routines::unsupported");
  CHECK(ErrorOf([](auto& config) { config.pfx = {{.der = ToBytes("\4\1x"), .passphrase = std::nullopt}}; }) ==
        "error:068000A8:asn1 encoding routines::wrong tag");
  CHECK(ErrorOf([](auto& config) { config.crl = {ToBytes("x")}; }) == "Failed to parse CRL");
}

TEST_CASE("a bad certificate in the chain behind the leaf is refused") {
  const std::string leaf = Client().certificate;
  CHECK(ErrorOf([&](auto& config) { config.cert = {ToBytes(leaf + kBadCertificate)}; }).starts_with("error:"));
}

TEST_CASE("what is no certificate among the trusted ones is passed over, as in Node") {
  TlsContextConfig config;
  config.ca = {ToBytes("x"), ToBytes(kBadCertificate), {}};
  CHECK_NOTHROW(MakeContext(config));
}

TEST_CASE("a key that is not the certificate's is refused") {
  const Identity client = Client();
  CHECK(ErrorOf([&](auto& config) {
          config.cert = {ToBytes(client.certificate)};
          config.key = {{.pem = ToBytes(Client().key), .passphrase = std::nullopt}};
        }) == "error:05800074:x509 certificate routines::key values mismatch");
}

TEST_CASE("settings that OpenSSL does not know are refused") {
  CHECK(ErrorOf([](auto& config) { config.ciphers = "nope"; }) == "error:0A0000B9:SSL routines::no cipher match");
  CHECK(ErrorOf([](auto& config) { config.cipher_suites = "nope"; }) == "error:0A0000B9:SSL routines::no cipher match");
  CHECK(ErrorOf([](auto& config) { config.ecdh_curve = "nope"; }) == "Failed to set ECDH curve");
  CHECK(ErrorOf([](auto& config) { config.sigalgs = "nope"; }) == "failed to set signature algorithms");
  CHECK(ErrorOf([](auto& config) { config.min_version = 0x0999; }) == "OpenSSL has no such TLS version");
}

TEST_CASE("settings that OpenSSL knows are taken") {
  TlsContextConfig config = TrustingConfig();
  config.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  config.cipher_suites = "TLS_AES_256_GCM_SHA384";
  config.ecdh_curve = "X25519:P-256";
  config.sigalgs = "ECDSA+SHA256";
  config.min_version = TLS1_2_VERSION;
  config.max_version = TLS1_3_VERSION;
  CHECK_NOTHROW(MakeContext(config));
  config.ecdh_curve = "auto";
  CHECK_NOTHROW(MakeContext(config));
}

}  // namespace
}  // namespace hawser::reader
