#include "reader/tls_context.h"

#include <utility>

#include "reader/tls_callbacks.h"
#include "reader/tls_credentials.h"

namespace hawser::reader {

namespace {

[[noreturn]] void Fail(const OpenSsl& openssl, const char* otherwise) {
  throw TlsError(TakeOpenSslError(openssl, otherwise));
}

void Require(const OpenSsl& openssl, long done, const char* otherwise) {
  if (done != 1) Fail(openssl, otherwise);
}

// What a string parameter of SSL_CTX_ctrl is given as.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
void* Argument(const std::string& words) { return const_cast<char*>(words.c_str()); }

void Configure(const OpenSsl& openssl, SSL_CTX* context, const TlsContextConfig& config) {
  constexpr std::uint64_t kOwnOptions =
      SSL_OP_NO_SSLv2 | SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
  openssl.SSL_CTX_set_options(context, config.secure_options | kOwnOptions);
  openssl.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
                       SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                       nullptr);
  openssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL,
                       nullptr);
  // The verdict is told when the handshake is over; it does not end it.
  openssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });

  const auto set_version = [&](int command, int version) {
    if (version == 0) return;
    Require(openssl, openssl.SSL_CTX_ctrl(context, command, version, nullptr), "OpenSSL has no such TLS version");
  };
  set_version(SSL_CTRL_SET_MIN_PROTO_VERSION, config.min_version);
  set_version(SSL_CTRL_SET_MAX_PROTO_VERSION, config.max_version);
  if (!config.cipher_suites.empty()) {
    Require(openssl, openssl.SSL_CTX_set_ciphersuites(context, config.cipher_suites.c_str()), "failed to set ciphers");
  }
  if (!config.ciphers.empty()) {
    Require(openssl, openssl.SSL_CTX_set_cipher_list(context, config.ciphers.c_str()), "failed to set ciphers");
  }
  if (!config.ecdh_curve.empty() && config.ecdh_curve != "auto") {
    if (openssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, Argument(config.ecdh_curve)) != 1) {
      openssl.ERR_clear_error();
      throw TlsError("Failed to set ECDH curve");  // Node's words
    }
  }
  if (!config.sigalgs.empty()) {
    Require(openssl, openssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_SIGALGS_LIST, 0, Argument(config.sigalgs)),
            "failed to set signature algorithms");
  }
}

// What a session's server was verified against: a session may only stand in for a verification by the same.
std::vector<std::uint8_t> DigestOfTrust(const OpenSsl& openssl, const TlsContextConfig& config) {
  const DigestPtr digest(openssl.EVP_MD_CTX_new(), {&openssl});
  const auto require = [&](int done) { Require(openssl, done, "failed to make a digest"); };
  const auto add = [&](const void* bytes, std::size_t size) {
    require(openssl.EVP_DigestUpdate(digest.get(), bytes, size));
  };
  const auto add_all = [&](const std::vector<std::uint8_t>& bytes) {
    const std::uint64_t size = bytes.size();
    add(&size, sizeof size);
    add(bytes.data(), bytes.size());
  };
  if (!digest) Fail(openssl, "out of memory");
  require(openssl.EVP_DigestInit_ex(digest.get(), openssl.EVP_sha256(), nullptr));
  const std::uint8_t flags = (config.default_paths ? 1U : 0U) | (config.partial_chains ? 2U : 0U);
  add(&flags, sizeof flags);
  for (const auto* list : {&config.ca, &config.crl}) {
    const std::uint64_t count = list->size();
    add(&count, sizeof count);
    for (const auto& pem : *list) add_all(pem);
  }
  for (const TlsPfx& pfx : config.pfx) add_all(pfx.der);
  std::vector<std::uint8_t> result(SSL_MAX_SID_CTX_LENGTH);
  unsigned size = 0;
  static_assert(SSL_MAX_SID_CTX_LENGTH == 32, "SHA-256 has to fit");
  require(openssl.EVP_DigestFinal_ex(digest.get(), result.data(), &size));
  return result;
}

BioMethodPtr BioMethodOrThrow(const OpenSsl& openssl) {
  BioMethodPtr method = MakeBioMethod(openssl);
  if (!method) Fail(openssl, "out of memory");
  return method;
}

SslContextPtr NewContext(const OpenSsl& openssl, const TlsContextConfig& config, const TlsTrust& trust) {
  openssl.ERR_clear_error();
  SslContextPtr context(openssl.SSL_CTX_new(openssl.TLS_client_method()), {&openssl});
  if (!context) Fail(openssl, "out of memory");
  Configure(openssl, context.get(), config);
  openssl.SSL_CTX_set1_cert_store(context.get(), trust.store());
  LoadCredentials(openssl, context.get(), config);
  InstallTlsCallbacks(openssl, context.get());
  return context;
}

std::shared_ptr<TlsTrust> NewTrust(const OpenSsl& openssl, const TlsContextConfig& config) {
  TlsTrustConfig trust{.ca = config.ca, .default_paths = config.default_paths, .partial_chains = config.partial_chains};
  return std::make_shared<TlsTrust>(openssl, std::move(trust), DigestOfTrust(openssl, config));
}

}  // namespace

TlsContext::TlsContext(std::shared_ptr<const OpenSsl> openssl, const TlsContextConfig& config)
    : openssl_(std::move(openssl)),
      bio_method_(BioMethodOrThrow(*openssl_)),
      trust_(config.trust_of ? config.trust_of->trust_ : NewTrust(*openssl_, config)),
      context_(NewContext(*openssl_, config, *trust_)),
      sessions_(*openssl_) {
  Require(*openssl_,
          openssl_->SSL_CTX_set_session_id_context(context_.get(), trust_->id().data(),
                                                   static_cast<unsigned>(trust_->id().size())),
          "failed to set the session's context");
}

TlsContext::~TlsContext() = default;

SslPtr TlsContext::NewConnection() const {
  trust_->Load();
  openssl_->ERR_clear_error();
  SslPtr ssl(openssl_->SSL_new(context_.get()), {openssl_.get()});
  BioPtr bio(openssl_->BIO_new(bio_method_.get()), {openssl_.get()});
  if (!ssl || !bio) Fail(*openssl_, "out of memory");
  openssl_->BIO_set_init(bio.get(), 1);
  BIO* given = bio.release();
  openssl_->SSL_set_bio(ssl.get(), given, given);
  openssl_->SSL_set_connect_state(ssl.get());
  return ssl;
}

SslSessionPtr TlsContext::DecodeSession(const std::vector<std::uint8_t>& der) const {
  if (der.empty()) return SslSessionPtr(nullptr, {openssl_.get()});
  const unsigned char* begin = der.data();
  SslSessionPtr session(openssl_->d2i_SSL_SESSION(nullptr, &begin, static_cast<long>(der.size())), {openssl_.get()});
  openssl_->ERR_clear_error();
  if (!session) return session;
  unsigned size = 0;
  const unsigned char* trust = openssl_->SSL_SESSION_get0_id_context(session.get(), &size);
  if (std::vector<std::uint8_t>(trust, trust + size) != trust_->id()) session.reset();
  return session;
}

}  // namespace hawser::reader
