#include "reader/tls_sessions.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace hawser::reader {

namespace {

// One context dials few servers under few names. A session with its certificates is some KiB.
constexpr std::size_t kMostSessions = 64;

}  // namespace

std::list<TlsSessions::Entry>::iterator TlsSessions::Locate(const std::string& key) {
  return std::find_if(kept_.begin(), kept_.end(), [&](const Entry& entry) { return entry.key == key; });
}

void TlsSessions::Put(const std::string& key, const SSL_SESSION* session) {
  SslSessionPtr copy(openssl_.SSL_SESSION_dup(session), {&openssl_});
  if (!copy) throw std::bad_alloc();
  std::list<Entry> fresh;
  fresh.push_back({key, Shared(std::move(copy))});
  std::list<Entry> old;  // freed after the mutex
  const Lock lock(mutex_);
  if (const auto found = Locate(key); found != kept_.end()) {
    old.splice(old.begin(), kept_, found);
  } else if (kept_.size() == kMostSessions) {
    old.splice(old.begin(), kept_, std::prev(kept_.end()));
  }
  kept_.splice(kept_.begin(), fresh);
}

TlsSessions::Shared TlsSessions::Get(const std::string& key) {
  const Lock lock(mutex_);
  const auto found = Locate(key);
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return found->session;
}

SslSessionPtr TlsSessions::Find(const std::string& key) {
  const Shared kept = Get(key);
  return {kept ? openssl_.SSL_SESSION_dup(kept.get()) : nullptr, {&openssl_}};
}

void TlsSessions::Forget(const std::string& key) {
  std::list<Entry> old;
  const Lock lock(mutex_);
  if (const auto found = Locate(key); found != kept_.end()) old.splice(old.begin(), kept_, found);
}

std::vector<std::uint8_t> TlsSessions::Encode(const std::string& key) {
  const Shared kept = Get(key);
  if (!kept) return {};
  const int size = openssl_.i2d_SSL_SESSION(kept.get(), nullptr);
  std::vector<std::uint8_t> der(static_cast<std::size_t>(std::max(size, 0)));
  if (std::uint8_t* end = der.data(); size > 0) openssl_.i2d_SSL_SESSION(kept.get(), &end);
  return der;
}

}  // namespace hawser::reader
