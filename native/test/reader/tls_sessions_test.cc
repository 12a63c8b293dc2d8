// The sessions that are kept to be resumed: the newest of a key, and no more than so many.
#include "reader/tls_sessions.h"

#include <doctest/doctest.h>

#include <string>

#include "test/support/reader/tls_client.h"

namespace hawser::reader {
namespace {

using test::FreeBy;
using test::TestOpenSsl;

// A session that the id tells from others.
std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> Session(unsigned char id) {
  std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>> session(SSL_SESSION_new());
  SSL_SESSION_set1_id(session.get(), &id, 1);
  SSL_SESSION_set_protocol_version(session.get(), TLS1_2_VERSION);
  // A session without a cipher can't be encoded.
  const std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> context(SSL_CTX_new(TLS_method()));
  SSL_SESSION_set_cipher(session.get(), sk_SSL_CIPHER_value(SSL_CTX_get_ciphers(context.get()), 0));
  return session;
}

int IdOf(const SslSessionPtr& session) {
  if (!session) return -1;
  unsigned size = 0;
  const unsigned char* id = SSL_SESSION_get_id(session.get(), &size);
  return size == 1 ? id[0] : -2;
}

TEST_CASE("the newest session of a key is found") {
  const auto openssl = TestOpenSsl();
  TlsSessions sessions(*openssl);
  sessions.Put("a", Session(1).get());
  sessions.Put("b", Session(2).get());
  sessions.Put("a", Session(3).get());
  CHECK(IdOf(sessions.Find("a")) == 3);
  CHECK(IdOf(sessions.Find("b")) == 2);
  CHECK(IdOf(sessions.Find("c")) == -1);
}

TEST_CASE("a session can be found again and again, and what is found is a copy") {
  const auto openssl = TestOpenSsl();
  TlsSessions sessions(*openssl);
  sessions.Put("a", Session(1).get());
  const SslSessionPtr one = sessions.Find("a");
  const SslSessionPtr other = sessions.Find("a");
  CHECK(one.get() != other.get());
  CHECK(IdOf(one) == IdOf(other));
}

TEST_CASE("a forgotten session is gone") {
  const auto openssl = TestOpenSsl();
  TlsSessions sessions(*openssl);
  sessions.Put("a", Session(1).get());
  sessions.Put("b", Session(2).get());
  sessions.Forget("a");
  sessions.Forget("c");
  CHECK(IdOf(sessions.Find("a")) == -1);
  CHECK(IdOf(sessions.Find("b")) == 2);
}

TEST_CASE("beyond the bound the least lately used is forgotten") {
  const auto openssl = TestOpenSsl();
  TlsSessions sessions(*openssl);
  for (int i = 0; i < 64; ++i) sessions.Put(std::to_string(i), Session(static_cast<unsigned char>(i)).get());
  CHECK(IdOf(sessions.Find("0")) == 0);
  sessions.Put("another", Session(99).get());
  CHECK(IdOf(sessions.Find("0")) == 0);
  CHECK(IdOf(sessions.Find("1")) == -1);
  CHECK(IdOf(sessions.Find("2")) == 2);
  CHECK(IdOf(sessions.Find("another")) == 99);
}

TEST_CASE("a session goes out as DER, and none as nothing") {
  const auto openssl = TestOpenSsl();
  TlsSessions sessions(*openssl);
  CHECK(sessions.Encode("a").empty());
  sessions.Put("a", Session(7).get());
  const auto der = sessions.Encode("a");
  const unsigned char* begin = der.data();
  const SslSessionPtr decoded(d2i_SSL_SESSION(nullptr, &begin, static_cast<long>(der.size())), {openssl.get()});
  CHECK(IdOf(decoded) == 7);
}

}  // namespace
}  // namespace hawser::reader
