#include "reader/openssl.h"

#include <array>
#include <cstring>
#include <utility>

#if defined(_WIN32)
#include "reader/runtime_module.h"
#else
#include <dlfcn.h>
#endif

#include "reader/openssl_handles.h"

namespace hawser::reader {

namespace {

constexpr unsigned kMajorVersion = 3;

// A function's address in the form in which the table keeps it.
template <typename Function>
bool Assign(Function& function, void* symbol) {
  static_assert(sizeof function == sizeof symbol);
  std::memcpy(&function, &symbol, sizeof symbol);
  return symbol != nullptr;
}

}  // namespace

void* FindInRuntime(const char* name) {
#if defined(_WIN32)
  return reinterpret_cast<void*>(GetProcAddress(RuntimeModule(), name));
#else
  return dlsym(RTLD_DEFAULT, name);
#endif
}

FoundOpenSsl FindOpenSsl(SymbolLookup lookup) {
  const auto missing = [](const char* name) {
    return FoundOpenSsl{.table = nullptr, .problem = std::string("the runtime exports no ") + name};
  };
  auto table = std::make_shared<OpenSsl>();
  // First of all: what else has these names may have other functions behind them.
  if (!Assign(table->OPENSSL_version_major, lookup("OPENSSL_version_major"))) return missing("OPENSSL_version_major");
  if (const unsigned major = table->OPENSSL_version_major(); major != kMajorVersion) {
    return {
        .table = nullptr,
        .problem = "the runtime has OpenSSL " + std::to_string(major) + "; expected " + std::to_string(kMajorVersion)};
  }
#define HAWSER_ASSIGN(name) \
  if (!Assign(table->name, lookup(#name))) return missing(#name);
  HAWSER_OPENSSL_NAMES(HAWSER_ASSIGN)
#undef HAWSER_ASSIGN
  return {.table = std::move(table), .problem = ""};
}

std::string TakeOpenSslError(const OpenSsl& openssl, const char* otherwise) {
  const unsigned long error = openssl.ERR_get_error();
  if (error == 0) return otherwise;
  openssl.ERR_clear_error();
  constexpr std::size_t kLongestWords = 256;
  std::array<char, kLongestWords> words{};
  openssl.ERR_error_string_n(error, words.data(), words.size());
  return words.data();
}

}  // namespace hawser::reader
