// Every function of OpenSSL's that hawser calls, by its exported name. Macros of OpenSSL's headers are not among them:
// they expand to one of these, and callers write that out.
#pragma once

#define HAWSER_OPENSSL_NAMES(X) \
  X(OPENSSL_version_major)      \
  X(SSL_CTX_new)                \
  X(SSL_CTX_free)
