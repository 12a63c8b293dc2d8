#include "reader/tls_verdict.h"

#include <algorithm>

#include "reader/openssl_handles.h"

namespace hawser::reader {

namespace {

// Node's names of the verdicts, which are OpenSSL's without their prefix.
const char* VerifyCode(long verdict) {
  switch (verdict) {
#define HAWSER_CASE(name) \
  case X509_V_ERR_##name: \
    return #name;
    HAWSER_CASE(UNABLE_TO_GET_ISSUER_CERT)
    HAWSER_CASE(UNABLE_TO_GET_CRL)
    HAWSER_CASE(UNABLE_TO_DECRYPT_CERT_SIGNATURE)
    HAWSER_CASE(UNABLE_TO_DECRYPT_CRL_SIGNATURE)
    HAWSER_CASE(UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY)
    HAWSER_CASE(CERT_SIGNATURE_FAILURE)
    HAWSER_CASE(CRL_SIGNATURE_FAILURE)
    HAWSER_CASE(CERT_NOT_YET_VALID)
    HAWSER_CASE(CERT_HAS_EXPIRED)
    HAWSER_CASE(CRL_NOT_YET_VALID)
    HAWSER_CASE(CRL_HAS_EXPIRED)
    HAWSER_CASE(ERROR_IN_CERT_NOT_BEFORE_FIELD)
    HAWSER_CASE(ERROR_IN_CERT_NOT_AFTER_FIELD)
    HAWSER_CASE(ERROR_IN_CRL_LAST_UPDATE_FIELD)
    HAWSER_CASE(ERROR_IN_CRL_NEXT_UPDATE_FIELD)
    HAWSER_CASE(OUT_OF_MEM)
    HAWSER_CASE(DEPTH_ZERO_SELF_SIGNED_CERT)
    HAWSER_CASE(SELF_SIGNED_CERT_IN_CHAIN)
    HAWSER_CASE(UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
    HAWSER_CASE(UNABLE_TO_VERIFY_LEAF_SIGNATURE)
    HAWSER_CASE(CERT_CHAIN_TOO_LONG)
    HAWSER_CASE(CERT_REVOKED)
    HAWSER_CASE(INVALID_CA)
    HAWSER_CASE(PATH_LENGTH_EXCEEDED)
    HAWSER_CASE(INVALID_PURPOSE)
    HAWSER_CASE(CERT_UNTRUSTED)
    HAWSER_CASE(CERT_REJECTED)
    HAWSER_CASE(HOSTNAME_MISMATCH)
#undef HAWSER_CASE
    default:
      return "UNSPECIFIED";
  }
}

bool Matches(const OpenSsl& openssl, X509* certificate, const std::string& identity) {
  constexpr int kNoAddress = -2;
  const int address = openssl.X509_check_ip_asc(certificate, identity.c_str(), 0);
  if (address != kNoAddress) return address == 1;
  // To OpenSSL that stands for whatever is below the rest.
  if (identity.starts_with('.')) return false;
  constexpr unsigned kStrictly = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  return openssl.X509_check_host(certificate, identity.data(), identity.size(), kStrictly, nullptr) == 1;
}

std::vector<std::uint8_t> Encode(const OpenSsl& openssl, const X509* certificate) {
  const int size = openssl.i2d_X509(certificate, nullptr);
  std::vector<std::uint8_t> der(static_cast<std::size_t>(size > 0 ? size : 0));
  if (std::uint8_t* end = der.data(); size > 0) openssl.i2d_X509(certificate, &end);
  return der;
}

// A resumed session may have kept the leaf alone.
std::vector<std::vector<std::uint8_t>> Chain(const OpenSsl& openssl, const SSL* ssl, bool verified) {
  const STACK_OF(X509)* certificates = verified ? openssl.SSL_get0_verified_chain(ssl) : nullptr;
  if (CountOf(openssl, certificates) <= 0) certificates = openssl.SSL_get_peer_cert_chain(ssl);
  const int count = std::max(CountOf(openssl, certificates), 0);
  std::vector<std::vector<std::uint8_t>> chain(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    chain[static_cast<std::size_t>(i)] = Encode(openssl, CertificateAt(openssl, certificates, i));
  }
  if (chain.empty()) {
    if (const X509* leaf = openssl.SSL_get0_peer_certificate(ssl)) chain.push_back(Encode(openssl, leaf));
  }
  return chain;
}

}  // namespace

Secured DescribeConnection(const OpenSsl& openssl, const SSL* ssl, const std::string& identity) {
  Secured secured;
  secured.protocol = openssl.SSL_get_version(ssl);
  if (const SSL_CIPHER* cipher = openssl.SSL_get_current_cipher(ssl)) {
    secured.cipher_name = openssl.SSL_CIPHER_get_name(cipher);
    if (const char* name = openssl.SSL_CIPHER_standard_name(cipher)) secured.cipher_standard_name = name;
    secured.cipher_version = openssl.SSL_CIPHER_get_version(cipher);
  }
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  openssl.SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (alpn_size > 0) secured.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  secured.reused = openssl.SSL_session_reused(ssl) == 1;

  // Without a certificate there is nothing that OpenSSL finds fault with, and nobody has said who they are.
  X509* leaf = openssl.SSL_get0_peer_certificate(ssl);
  const long verdict = leaf == nullptr ? X509_V_ERR_UNSPECIFIED : openssl.SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    secured.verify_code = VerifyCode(verdict);
    secured.verify_message = openssl.X509_verify_cert_error_string(verdict);
  }
  secured.identity_matches = identity.empty() || (leaf != nullptr && Matches(openssl, leaf, identity));
  secured.chain = Chain(openssl, ssl, verdict == X509_V_OK);
  openssl.ERR_clear_error();
  return secured;
}

}  // namespace hawser::reader
