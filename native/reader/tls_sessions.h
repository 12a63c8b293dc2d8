// The TLS sessions that later connections resume: the newest of each key, the least lately used of them forgotten
// beyond a bound. A kept session is a copy that nobody changes any more, since OpenSSL marks the one of a connection
// that breaks off as not to be resumed. Any thread: readers put and find, JavaScript asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "reader/mutex.h"
#include "reader/openssl_handles.h"

namespace hawser::reader {

class TlsSessions {
 public:
  explicit TlsSessions(const OpenSsl& openssl) : openssl_(openssl) {}

  // Keeps a copy. Throws std::bad_alloc.
  void Put(const std::string& key, const SSL_SESSION* session);
  // A copy of a connection's own, or null.
  SslSessionPtr Find(const std::string& key);
  // It was of no use: the next connection does without.
  void Forget(const std::string& key);
  // In DER, empty if there is none. Throws std::bad_alloc.
  std::vector<std::uint8_t> Encode(const std::string& key);

 private:
  using Shared = std::shared_ptr<const SSL_SESSION>;
  struct Entry {
    std::string key;
    Shared session;
  };

  Shared Get(const std::string& key);
  std::list<Entry>::iterator Locate(const std::string& key) HAWSER_TSA(requires_capability(mutex_));

  const OpenSsl& openssl_;
  Mutex mutex_;
  std::list<Entry> kept_ HAWSER_GUARDED_BY(mutex_);  // the latest used first
};

}  // namespace hawser::reader
