// Tells what a TLS handshake has come to: what was agreed upon, who the peer says it is, and whether its certificate
// bears that out. Judges strictly and acts on nothing.
#pragma once

#include <string>

#include "reader/notice.h"
#include "reader/openssl.h"

namespace hawser::reader {

// Of a connection whose handshake is over. `identity` as in Secure. Throws std::bad_alloc.
Secured DescribeConnection(const OpenSsl& openssl, const SSL* ssl, const std::string& identity);

}  // namespace hawser::reader
