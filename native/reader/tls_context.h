// What many TLS connections share: one SSL_CTX with its trust, certificates and settings, parsed once, and the sessions
// that later connections resume. Made on JavaScript's thread; connections on several readers use it at the same time,
// so the kept sessions stand behind a leaf mutex: the third thing that two threads touch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reader/openssl.h"
#include "reader/openssl_handles.h"
#include "reader/tls_error.h"
#include "reader/tls_sessions.h"
#include "reader/tls_trust.h"

namespace hawser::reader {

class TlsContext;

struct TlsKey {
  std::vector<std::uint8_t> pem;
  std::optional<std::string> passphrase;
};
struct TlsPfx {
  std::vector<std::uint8_t> der;
  std::optional<std::string> passphrase;
};

// Empty strings and zeros leave what OpenSSL has.
struct TlsContextConfig {
  std::vector<std::vector<std::uint8_t>> ca;    // PEM, each may hold several certificates; trusted
  std::vector<std::vector<std::uint8_t>> crl;   // PEM
  std::vector<std::vector<std::uint8_t>> cert;  // PEM: leaf first, then its chain
  std::vector<TlsKey> key;
  std::vector<TlsPfx> pfx;
  std::string ciphers;        // of TLS 1.2 and below
  std::string cipher_suites;  // of TLS 1.3
  std::string ecdh_curve;     // 'auto' is as empty
  std::string sigalgs;
  int min_version = 0;  // TLS1_VERSION to TLS1_3_VERSION
  int max_version = 0;
  std::uint64_t secure_options = 0;  // SSL_OP_* besides our own
  bool default_paths = false;        // trusts OpenSSL's own files and directories as well
  bool partial_chains = false;       // X509_V_FLAG_PARTIAL_CHAIN
  // Whose trust is shared, all of it: nothing above adds to it then. Null: it is made of what is above.
  std::shared_ptr<const TlsContext> trust_of;
};

class TlsContext {
 public:
  // Throws TlsError and std::bad_alloc.
  TlsContext(std::shared_ptr<const OpenSsl> openssl, const TlsContextConfig& config);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // --- any thread ---
  const OpenSsl& openssl() const { return *openssl_; }
  // The newest session kept under the key of a connection (Secure::session_key), in DER; empty if there is none.
  std::vector<std::uint8_t> Resumable(const std::string& key) { return sessions_.Encode(key); }

  // --- reader threads ---
  // A client's connection, whose ciphertext a BIO of TlsCallbacks moves. Must not outlive the context. Throws TlsError.
  SslPtr NewConnection() const;
  // The session of its DER, or null: also where another trust has judged the server's certificate (`session` names it).
  SslSessionPtr DecodeSession(const std::vector<std::uint8_t>& der) const;
  TlsSessions& sessions() { return sessions_; }

 private:
  const std::shared_ptr<const OpenSsl> openssl_;
  const BioMethodPtr bio_method_;
  const std::shared_ptr<TlsTrust> trust_;
  const SslContextPtr context_;
  TlsSessions sessions_;
};

}  // namespace hawser::reader
