#include "test/support/reader/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <functional>
#include <stdexcept>

namespace hawser::test {
namespace {

using OwnedBio = std::unique_ptr<BIO, FreeBy<BIO_free>>;

constexpr long kDay = 24L * 60 * 60;

void Require(bool done, const char* step) {
  if (!done) throw std::runtime_error(std::string("certificates: ") + step);
}

std::string Written(const std::function<int(BIO*)>& write) {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  Require(write(bio.get()) == 1, "write");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string ToPem(X509* certificate) {
  return Written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string ToPem(EVP_PKEY* key) {
  return Written([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

OwnedBio Opened(const std::string& pem) { return OwnedBio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  Require(extension != nullptr, "make an extension");
  const int added = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  Require(added == 1, "add an extension");
}

// Signed by `issuer`, or by itself.
Identity Make(const CertificateRequest& request, const Identity* issuer) {
  static std::atomic<long> serial = 1;
  const OwnedKey key(EVP_EC_gen("P-256"));
  const OwnedCertificate certificate(X509_new());
  Require(key && certificate, "make a key");
  X509* made = certificate.get();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made), request.expired ? -2 * kDay : -kDay);
  X509_gmtime_adj(X509_getm_notAfter(made), request.expired ? -kDay : kDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.name.c_str()), -1, -1, 0);
  X509_set_pubkey(made, key.get());

  const OwnedCertificate parent = issuer != nullptr ? CertificateOf(issuer->certificate) : nullptr;
  const OwnedKey parent_key = issuer != nullptr ? KeyOf(issuer->key) : nullptr;
  X509* signer = parent ? parent.get() : made;
  X509_set_issuer_name(made, X509_get_subject_name(signer));
  Extend(made, signer, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "CA:FALSE");
  Extend(made, signer, NID_subject_key_identifier, "hash");
  if (!request.alternatives.empty()) Extend(made, signer, NID_subject_alt_name, request.alternatives);
  Require(X509_sign(made, parent_key ? parent_key.get() : key.get(), EVP_sha256()) > 0, "sign");
  return {.certificate = ToPem(made), .key = ToPem(key.get())};
}

CertificateRequest AuthorityRequest(const char* name) { return {.name = name, .alternatives = "", .authority = true}; }

}  // namespace

OwnedKey KeyOf(const std::string& pem) {
  OwnedKey key(PEM_read_bio_PrivateKey(Opened(pem).get(), nullptr, nullptr, nullptr));
  Require(key != nullptr, "read a key");
  return key;
}

OwnedCertificate CertificateOf(const std::string& pem) {
  OwnedCertificate certificate(PEM_read_bio_X509(Opened(pem).get(), nullptr, nullptr, nullptr));
  Require(certificate != nullptr, "read a certificate");
  return certificate;
}

Authority::Authority() : own_(Make(AuthorityRequest("an authority"), nullptr)) {}

Authority Authority::IssueAuthority() const { return Authority(Make(AuthorityRequest("another authority"), &own_)); }

Identity Authority::Issue(const CertificateRequest& request) const { return Make(request, &own_); }

std::string Authority::Revoke(const Identity& identity) const {
  const std::unique_ptr<X509_CRL, FreeBy<X509_CRL_free>> list(X509_CRL_new());
  const std::unique_ptr<ASN1_TIME, FreeBy<ASN1_TIME_free>> time(X509_gmtime_adj(nullptr, -kDay));
  const OwnedCertificate own = CertificateOf(own_.certificate);
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(own.get()));
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  X509_REVOKED* revoked = X509_REVOKED_new();
  X509_REVOKED_set_revocationDate(revoked, time.get());
  X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(CertificateOf(identity.certificate).get()));
  Require(X509_CRL_add0_revoked(list.get(), revoked) == 1, "revoke");
  X509_gmtime_adj(time.get(), kDay);
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  Require(X509_CRL_sign(list.get(), KeyOf(own_.key).get(), EVP_sha256()) > 0, "sign");
  return Written([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

Identity SelfSigned() { return Make({}, nullptr); }

std::string EncryptKey(const Identity& identity, const std::string& passphrase) {
  const OwnedKey key = KeyOf(identity.key);
  return Written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                         static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

std::string Bundle(const Identity& identity, const std::string& chain, const std::string& passphrase) {
  STACK_OF(X509)* others = sk_X509_new_null();
  sk_X509_push(others, CertificateOf(chain).release());
  const std::unique_ptr<PKCS12, FreeBy<PKCS12_free>> bundle(
      PKCS12_create(passphrase.c_str(), "test", KeyOf(identity.key).get(), CertificateOf(identity.certificate).get(),
                    others, 0, 0, 0, 0, 0));
  sk_X509_pop_free(others, X509_free);
  Require(bundle != nullptr, "bundle");
  return Written([&](BIO* bio) { return i2d_PKCS12_bio(bio, bundle.get()); });
}

const Authority& TestAuthority() {
  static const Authority authority;
  return authority;
}

const Identity& TestServer() {
  static const Identity server = TestAuthority().Issue({});
  return server;
}

}  // namespace hawser::test
