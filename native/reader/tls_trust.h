// Whom connections trust: a store of authorities that contexts may share. Parsing the usual hundred and fifty takes
// tens of milliseconds, so that the reader of the first connection does it, not JavaScript's thread; other readers that
// come meanwhile wait for it.
#pragma once

#include <cstdint>
#include <vector>

#include "reader/mutex.h"
#include "reader/openssl_handles.h"

namespace hawser::reader {

struct TlsTrustConfig {
  std::vector<std::vector<std::uint8_t>> ca;  // PEM, each may hold several certificates
  bool default_paths = false;                 // OpenSSL's own files and directories as well
  bool partial_chains = false;                // X509_V_FLAG_PARTIAL_CHAIN
};

class TlsTrust {
 public:
  // The table must outlive it. `id` tells it from others. Throws TlsError and std::bad_alloc.
  TlsTrust(const OpenSsl& openssl, TlsTrustConfig config, std::vector<std::uint8_t> id);
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;

  X509_STORE* store() const { return store_.get(); }
  const std::vector<std::uint8_t>& id() const { return id_; }

  // Any thread: what the store holds counts from here on.
  void Load();

 private:
  void Add(const std::vector<std::uint8_t>& pem);

  const OpenSsl& openssl_;
  const StorePtr store_;
  const std::vector<std::uint8_t> id_;
  Mutex mutex_;  // a leaf
  TlsTrustConfig config_ HAWSER_GUARDED_BY(mutex_);
  bool loaded_ HAWSER_GUARDED_BY(mutex_) = false;
};

}  // namespace hawser::reader
