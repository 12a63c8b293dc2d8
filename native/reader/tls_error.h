// Why TLS can't be done as it was asked for. Any thread.
#pragma once

#include <stdexcept>

namespace hawser::reader {

// OpenSSL's own words: 'error:0480006C:PEM routines::no start line'.
class TlsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace hawser::reader
