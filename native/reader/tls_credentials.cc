#include "reader/tls_credentials.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include <span>

namespace hawser::reader {

namespace {

using Bytes = std::vector<std::uint8_t>;

// The certificates of a stack, which is freed with them.
class Certificates {
 public:
  Certificates(const OpenSsl& openssl, STACK_OF(X509) * stack) : openssl_(openssl), stack_(stack) {}
  ~Certificates() {
    openssl_.OPENSSL_sk_pop_free(reinterpret_cast<OPENSSL_STACK*>(stack_),
                                 reinterpret_cast<OPENSSL_sk_freefunc>(openssl_.X509_free));
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  std::vector<X509*> all() const {
    const int count = std::max(CountOf(openssl_, stack_), 0);
    std::vector<X509*> all(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = CertificateAt(openssl_, stack_, i);
    return all;
  }

 private:
  const OpenSsl& openssl_;
  STACK_OF(X509) * stack_;
};

class Loader {
 public:
  Loader(const OpenSsl& openssl, SSL_CTX* context)
      : openssl_(openssl), context_(context), store_(openssl.SSL_CTX_get_cert_store(context)) {}

  void Revoke(const Bytes& pem) {
    const BioPtr bio = Open(pem);
    const CrlPtr crl(openssl_.PEM_read_bio_X509_CRL(bio.get(), nullptr, NoPassphrase, nullptr), {&openssl_});
    if (!crl) {
      openssl_.ERR_clear_error();
      throw TlsError("Failed to parse CRL");  // Node's words
    }
    Require(openssl_.X509_STORE_add_crl(store_, crl.get()));
    Require(openssl_.X509_STORE_set_flags(store_, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL));
  }

  // The leaf, then its chain.
  void UseCertificate(const Bytes& pem) {
    const BioPtr bio = Open(pem);
    const CertificatePtr leaf = ReadCertificate(bio, openssl_.PEM_read_bio_X509_AUX);
    if (!leaf) Fail("failed to parse the certificate");
    Require(openssl_.SSL_CTX_use_certificate(context_, leaf.get()));
    while (const CertificatePtr next = ReadCertificate(bio, openssl_.PEM_read_bio_X509)) AddToChain(next.get());
    const unsigned long last = openssl_.ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    if (!at_end) Fail("failed to parse the certificate chain");
    openssl_.ERR_clear_error();
  }

  void UseKey(const TlsKey& key) {
    const BioPtr bio = Open(key.pem);
    const KeyPtr read(openssl_.PEM_read_bio_PrivateKey(bio.get(), nullptr, Passphrase, PassphraseOf(key)), {&openssl_});
    if (!read) Fail("failed to read the private key");
    Require(openssl_.SSL_CTX_use_PrivateKey(context_, read.get()));
  }

  // Its certificates besides the leaf are both sent along and trusted.
  void UsePfx(const TlsPfx& pfx) {
    const BioPtr bio = Open(pfx.der);
    const Pkcs12Ptr file(openssl_.d2i_PKCS12_bio(bio.get(), nullptr), {&openssl_});
    if (!file) Fail("failed to parse the PKCS #12 file");
    EVP_PKEY* key = nullptr;
    X509* leaf = nullptr;
    STACK_OF(X509)* others = nullptr;
    const char* passphrase = pfx.passphrase ? pfx.passphrase->c_str() : "";
    const int parsed = openssl_.PKCS12_parse(file.get(), passphrase, &key, &leaf, &others);
    const KeyPtr owned_key(key, {&openssl_});
    const CertificatePtr owned_leaf(leaf, {&openssl_});
    const Certificates chain(openssl_, others);
    Require(parsed);
    if (leaf == nullptr || key == nullptr) Fail("the PKCS #12 file holds no certificate with its key");
    Require(openssl_.SSL_CTX_use_certificate(context_, leaf));
    for (X509* certificate : chain.all()) AddToChain(certificate);
    Require(openssl_.SSL_CTX_use_PrivateKey(context_, key));
    for (X509* certificate : chain.all()) Require(openssl_.X509_STORE_add_cert(store_, certificate));
  }

 private:
  static int NoPassphrase(char*, int, int, void*) { return 0; }
  // Gives PEM's reader the passphrase of a key, or none; without a callback it would ask on the terminal.
  static int Passphrase(char* target, int room, int, void* passphrase) {
    if (passphrase == nullptr) return 0;
    const auto& words = *static_cast<const std::string*>(passphrase);
    if (words.size() > static_cast<std::size_t>(room)) return -1;
    std::copy(words.begin(), words.end(), target);
    return static_cast<int>(words.size());
  }
  static void* PassphraseOf(const TlsKey& key) {
    if (!key.passphrase) return nullptr;
    // Only handed back to the callback, which reads it.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    return const_cast<std::string*>(&*key.passphrase);
  }

  [[noreturn]] void Fail(const char* otherwise) const { throw TlsError(TakeOpenSslError(openssl_, otherwise)); }
  void Require(int done) const {
    if (done != 1) Fail("OpenSSL refuses a certificate or key");
  }

  BioPtr Open(const Bytes& bytes) const {
    if (bytes.size() > INT_MAX) throw TlsError("a certificate or key is over 2 GiB");
    openssl_.ERR_clear_error();
    const void* begin = bytes.empty() ? static_cast<const void*>("") : bytes.data();
    BioPtr bio(openssl_.BIO_new_mem_buf(begin, static_cast<int>(bytes.size())), {&openssl_});
    if (!bio) Fail("out of memory");
    return bio;
  }

  using ReadPem = X509* (*)(BIO*, X509**, pem_password_cb*, void*);
  CertificatePtr ReadCertificate(const BioPtr& bio, ReadPem read) const {
    return {read(bio.get(), nullptr, NoPassphrase, nullptr), {&openssl_}};
  }

  void AddToChain(X509* certificate) const {
    constexpr long kAddReference = 1;
    Require(static_cast<int>(openssl_.SSL_CTX_ctrl(context_, SSL_CTRL_CHAIN_CERT, kAddReference, certificate)));
  }

  const OpenSsl& openssl_;
  SSL_CTX* context_;
  X509_STORE* store_;
};

}  // namespace

// Into a context that has its trust. Certificates before keys, which are held against them.
void LoadCredentials(const OpenSsl& openssl, SSL_CTX* context, const TlsContextConfig& config) {
  Loader loader(openssl, context);
  for (const Bytes& pem : config.cert) loader.UseCertificate(pem);
  for (const TlsKey& key : config.key) loader.UseKey(key);
  for (const TlsPfx& pfx : config.pfx) loader.UsePfx(pfx);
  for (const Bytes& pem : config.crl) loader.Revoke(pem);
}

}  // namespace hawser::reader
