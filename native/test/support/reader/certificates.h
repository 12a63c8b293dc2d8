// Certificates for tests, made as they are asked for: EC keys, valid from yesterday until tomorrow. PEM throughout.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <utility>

namespace hawser::test {

template <auto kFree>
struct FreeBy {
  template <typename Object>
  void operator()(Object* object) const {
    kFree(object);
  }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using OwnedCertificate = std::unique_ptr<X509, FreeBy<X509_free>>;

// What is written as PEM.
OwnedKey KeyOf(const std::string& pem);
OwnedCertificate CertificateOf(const std::string& pem);

// A certificate with its key.
struct Identity {
  std::string certificate;
  std::string key;
};

struct CertificateRequest {
  std::string name = "a server";
  std::string alternatives = "DNS:localhost, DNS:*.example.test, IP:127.0.0.1, IP:::1";  // as OpenSSL writes them
  bool expired = false;
  bool authority = false;
};

class Authority {
 public:
  // Signed by itself.
  Authority();
  // Another one, signed by this.
  Authority IssueAuthority() const;

  const std::string& certificate() const { return own_.certificate; }
  Identity Issue(const CertificateRequest& request) const;
  // Revokes one certificate.
  std::string Revoke(const Identity& identity) const;

 private:
  explicit Authority(Identity own) : own_(std::move(own)) {}

  Identity own_;
};

Identity SelfSigned();
// The key in PKCS #8, encrypted.
std::string EncryptKey(const Identity& identity, const std::string& passphrase);
// A PKCS #12 file, DER.
std::string Bundle(const Identity& identity, const std::string& chain, const std::string& passphrase);

// The one that most tests trust, and a server's certificate of its.
const Authority& TestAuthority();
const Identity& TestServer();

}  // namespace hawser::test
