#include "reader/tls_context.h"

#include <utility>

namespace hawser::reader {

TlsContext::TlsContext(std::shared_ptr<const OpenSsl> openssl, const TlsContextConfig&)
    : openssl_(std::move(openssl)) {}

TlsContext::~TlsContext() = default;

std::vector<std::uint8_t> TlsContext::Resumable(const std::string&) { return {}; }

}  // namespace hawser::reader
