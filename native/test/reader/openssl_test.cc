// The table of the runtime's OpenSSL, and what is said where there is none.
#include "reader/openssl.h"

#include <doctest/doctest.h>

#include <string_view>

namespace hawser::reader {
namespace {

void* FindNothing(const char*) { return nullptr; }

void* FindAllButOne(const char* name) {
  return std::string_view(name) == "SSL_CTX_new" ? nullptr : FindInRuntime(name);
}

unsigned MajorVersionOne() { return 1; }

// Nothing else may be looked up, not to speak of called.
void* FindOldVersion(const char* name) {
  REQUIRE(std::string_view(name) == "OPENSSL_version_major");
  return reinterpret_cast<void*>(&MajorVersionOne);
}

TEST_CASE("the process's OpenSSL is found") {
  const FoundOpenSsl found = FindOpenSsl();
  CHECK(found.problem.empty());
  REQUIRE(found.table);
  CHECK(found.table->OPENSSL_version_major() == 3);
  const bool same = found.table->SSL_CTX_new == &::SSL_CTX_new;
  CHECK(same);
}

TEST_CASE("without any OpenSSL the problem is its version's name") {
  const FoundOpenSsl found = FindOpenSsl(FindNothing);
  CHECK_FALSE(found.table);
  CHECK(found.problem == "the runtime exports no OPENSSL_version_major");
}

TEST_CASE("an OpenSSL that lacks one function is none") {
  const FoundOpenSsl found = FindOpenSsl(FindAllButOne);
  CHECK_FALSE(found.table);
  CHECK(found.problem == "the runtime exports no SSL_CTX_new");
}

TEST_CASE("another version is judged before anything else of it is touched") {
  const FoundOpenSsl found = FindOpenSsl(FindOldVersion);
  CHECK_FALSE(found.table);
  CHECK(found.problem == "the runtime has OpenSSL 1; expected 3");
}

}  // namespace
}  // namespace hawser::reader
