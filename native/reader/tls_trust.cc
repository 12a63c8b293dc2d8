#include "reader/tls_trust.h"

#include <climits>
#include <utility>

#include "reader/tls_error.h"

namespace hawser::reader {

namespace {

int NoPassphrase(char*, int, int, void*) { return 0; }

}  // namespace

TlsTrust::TlsTrust(const OpenSsl& openssl, TlsTrustConfig config, std::vector<std::uint8_t> id)
    : openssl_(openssl), store_(openssl.X509_STORE_new(), {&openssl}), id_(std::move(id)), config_(std::move(config)) {
  if (!store_) throw TlsError(TakeOpenSslError(openssl, "out of memory"));
  for (const auto& pem : config_.ca) {
    if (pem.size() > INT_MAX) throw TlsError("certificates to trust are over 2 GiB");
  }
  if (config_.partial_chains) openssl.X509_STORE_set_flags(store_.get(), X509_V_FLAG_PARTIAL_CHAIN);
}

void TlsTrust::Load() {
  const Lock lock(mutex_);
  if (loaded_) return;
  openssl_.ERR_clear_error();
  if (config_.default_paths) (void)openssl_.X509_STORE_set_default_paths(store_.get());
  for (const auto& pem : config_.ca) Add(pem);
  openssl_.ERR_clear_error();
  config_ = {};
  loaded_ = true;
}

// Certificates up to the first thing that is none, which is no error, in Node neither.
void TlsTrust::Add(const std::vector<std::uint8_t>& pem) {
  const BioPtr bio(openssl_.BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), {&openssl_});
  if (!bio) return;  // empty
  for (;;) {
    const CertificatePtr certificate(openssl_.PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr),
                                     {&openssl_});
    if (!certificate) return;
    (void)openssl_.X509_STORE_add_cert(store_.get(), certificate.get());
  }
}

}  // namespace hawser::reader
