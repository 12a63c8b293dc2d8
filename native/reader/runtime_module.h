// Which module of a Windows process is the runtime: what exports Node's functions, its libuv and its OpenSSL. As
// node-gyp's hook has it, that is libnode.dll where there is one, and otherwise the executable, of whatever name. Any
// thread.
#pragma once

#include <windows.h>

namespace hawser::reader {

inline HMODULE RuntimeModule() {
  const HMODULE library = GetModuleHandleW(L"libnode.dll");
  return library != nullptr ? library : GetModuleHandleW(nullptr);
}

}  // namespace hawser::reader
