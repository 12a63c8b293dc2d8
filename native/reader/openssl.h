// The OpenSSL that the runtime has already loaded, as a table of its functions. hawser links none of its own: users get
// Node's with Node's security patches, and where a runtime has none, or BoringSSL under some of the same names, this
// says so in words instead of failing to load. Immutable once found, so any thread may use it.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "reader/openssl_names.h"

namespace hawser::reader {

struct OpenSsl {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name
#define HAWSER_DECLARE(name) decltype(&::name) name = nullptr;
  HAWSER_OPENSSL_NAMES(HAWSER_DECLARE)
#undef HAWSER_DECLARE
};

// Where a function of that name is, or null.
using SymbolLookup = void* (*)(const char* name);
// In what the process has loaded for everybody; on Windows in the runtime alone.
void* FindInRuntime(const char* name);

// Either a table or why there is none: 'the runtime exports no SSL_CTX_new'.
struct FoundOpenSsl {
  std::shared_ptr<const OpenSsl> table;
  std::string problem;
};
// Throws std::bad_alloc.
FoundOpenSsl FindOpenSsl(SymbolLookup lookup = FindInRuntime);

}  // namespace hawser::reader
