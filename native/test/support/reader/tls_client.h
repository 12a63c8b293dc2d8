// The client's side for tests of TLS: contexts that trust the tests' authority, and commands that use them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reader/command.h"
#include "reader/openssl.h"
#include "reader/tls_context.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/certificates.h"

namespace hawser::test {

inline std::vector<std::uint8_t> ToBytes(std::string_view text) { return {text.begin(), text.end()}; }

inline std::shared_ptr<const reader::OpenSsl> TestOpenSsl() { return reader::FindOpenSsl().table; }

inline reader::TlsContextConfig TrustingConfig() {
  reader::TlsContextConfig config;
  config.ca = {ToBytes(TestAuthority().certificate())};
  return config;
}

inline std::shared_ptr<reader::TlsContext> MakeContext(const reader::TlsContextConfig& config = TrustingConfig()) {
  return std::make_shared<reader::TlsContext>(TestOpenSsl(), config);
}

// To localhost.
inline reader::Secure SecureWith(std::shared_ptr<reader::TlsContext> context) {
  reader::Secure command;
  command.context = std::move(context);
  command.servername = "localhost";
  command.identity = "localhost";
  return command;
}

// Waits until a connection to localhost is established, TLS over it and frames.
inline void OpenSecurely(Application& application) {
  (void)application.OpenTls(SecureWith(MakeContext()));
  application.Upgrade();
}

}  // namespace hawser::test
