// What OpenSSL calls while it works for a connection: for ciphertext, with new sessions and with lines for a key log.
// Its callbacks are given OpenSSL's objects only, whose fields no function but one of the table's reads; so which
// connection a thread works for is noted on that thread, for the length of each call. A call nests in another where a
// listener, told of a line for the log, ends TLS in TLS: the connection beneath then says goodbye.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "reader/openssl_handles.h"

namespace hawser::reader {

class TlsCallbacks {
 public:
  // Moves some ciphertext there that has come; returns how many bytes, 0 if there is none.
  virtual std::size_t TakeCiphertext(std::span<std::uint8_t> target) noexcept = 0;
  // False if there is no memory for it.
  virtual bool PutCiphertext(std::span<const std::uint8_t> bytes) noexcept = 0;
  virtual void OnNewSession(const SSL_SESSION* session) noexcept = 0;
  virtual void OnKeyLogLine(const char* line) noexcept = 0;

 protected:
  ~TlsCallbacks() = default;
};

// For as long as it lives, OpenSSL's callbacks on this thread are for this connection; and the error queue was empty
// when it began.
class TlsCall {
 public:
  TlsCall(const OpenSsl& openssl, TlsCallbacks& callbacks);
  ~TlsCall();
  TlsCall(const TlsCall&) = delete;
  TlsCall& operator=(const TlsCall&) = delete;

 private:
  const OpenSsl* const outer_openssl_;
  TlsCallbacks* const outer_callbacks_;
};

// For an SSL_CTX, once.
void InstallTlsCallbacks(const OpenSsl& openssl, SSL_CTX* context);
// Of BIOs that move a connection's ciphertext; null without memory. Has to outlive them.
BioMethodPtr MakeBioMethod(const OpenSsl& openssl);

}  // namespace hawser::reader
