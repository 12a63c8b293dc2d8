// Reads certificates, keys, revocation lists and PKCS #12 files into an SSL_CTX, as Node's tls.createSecureContext
// does: the same of them are taken, and the same refused. Never asks for a passphrase on a terminal.
#pragma once

#include "reader/tls_context.h"

namespace hawser::reader {

// Throws TlsError and std::bad_alloc.
void LoadCredentials(const OpenSsl& openssl, SSL_CTX* context, const TlsContextConfig& config);

}  // namespace hawser::reader
