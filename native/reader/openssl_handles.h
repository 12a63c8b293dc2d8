// Owners of what OpenSSL has allocated: they free by the table that made it, which has to outlive them.
#pragma once

#include <memory>
#include <string>

#include "reader/openssl.h"

namespace hawser::reader {

template <auto kFree>
struct OpenSslFree {
  const OpenSsl* openssl = nullptr;

  template <typename Object>
  void operator()(Object* object) const {
    (openssl->*kFree)(object);
  }
};
template <typename Object, auto kFree>
using OpenSslPtr = std::unique_ptr<Object, OpenSslFree<kFree>>;

using BioPtr = OpenSslPtr<BIO, &OpenSsl::BIO_free>;
using BioMethodPtr = OpenSslPtr<BIO_METHOD, &OpenSsl::BIO_meth_free>;
using CertificatePtr = OpenSslPtr<X509, &OpenSsl::X509_free>;
using CrlPtr = OpenSslPtr<X509_CRL, &OpenSsl::X509_CRL_free>;
using DigestPtr = OpenSslPtr<EVP_MD_CTX, &OpenSsl::EVP_MD_CTX_free>;
using KeyPtr = OpenSslPtr<EVP_PKEY, &OpenSsl::EVP_PKEY_free>;
using Pkcs12Ptr = OpenSslPtr<PKCS12, &OpenSsl::PKCS12_free>;
using StorePtr = OpenSslPtr<X509_STORE, &OpenSsl::X509_STORE_free>;
using SslContextPtr = OpenSslPtr<SSL_CTX, &OpenSsl::SSL_CTX_free>;
using SslPtr = OpenSslPtr<SSL, &OpenSsl::SSL_free>;
using SslSessionPtr = OpenSslPtr<SSL_SESSION, &OpenSsl::SSL_SESSION_free>;

// What sk_X509_num and sk_X509_value are macros for; a null stack has none.
inline int CountOf(const OpenSsl& openssl, const STACK_OF(X509) * certificates) {
  return openssl.OPENSSL_sk_num(reinterpret_cast<const OPENSSL_STACK*>(certificates));
}
inline X509* CertificateAt(const OpenSsl& openssl, const STACK_OF(X509) * certificates, int index) {
  return static_cast<X509*>(openssl.OPENSSL_sk_value(reinterpret_cast<const OPENSSL_STACK*>(certificates), index));
}

// The earliest error in this thread's queue, which is the one that Node reports, in OpenSSL's own words:
// 'error:0480006C:PEM routines::no start line'. Empties the queue; without an error the words are `otherwise`.
std::string TakeOpenSslError(const OpenSsl& openssl, const char* otherwise);

}  // namespace hawser::reader
