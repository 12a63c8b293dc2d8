// What the linker's stubs call when a function of the runtime's is called for the first time, in the cross-built
// binaries; node-gyp's builds bring their own. The name in the import table is node.exe, but the runtime is whatever
// has loaded the addon. Any thread.

#include <windows.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "reader/runtime_module.h"

extern "C" {

extern const IMAGE_DOS_HEADER __ImageBase;  // NOLINT(bugprone-reserved-identifier): the linker's name

// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name
FARPROC WINAPI __delayLoadHelper2(const IMAGE_DELAYLOAD_DESCRIPTOR* library, FARPROC* slot) {
  const auto* base = reinterpret_cast<const std::uint8_t*>(&__ImageBase);
  const auto* slots = reinterpret_cast<const FARPROC*>(base + library->ImportAddressTableRVA);
  const auto* names = reinterpret_cast<const IMAGE_THUNK_DATA*>(base + library->ImportNameTableRVA);
  const auto offset = static_cast<std::size_t>(names[slot - slots].u1.AddressOfData);
  const auto* name = reinterpret_cast<const char*>(reinterpret_cast<const IMAGE_IMPORT_BY_NAME*>(base + offset)->Name);
  const FARPROC found = GetProcAddress(hawser::reader::RuntimeModule(), name);
  if (found == nullptr) {
    // The addon's init has looked for every name, so that this is about what that itself needs.
    std::fprintf(stderr, "hawser: the runtime exports no %s\n", name);
    std::abort();
  }
  *slot = found;
  return found;
}
}
