#include "binding/image.h"

#if defined(_WIN32)
#include <windows.h>

#include <cstdint>

#include "reader/runtime_module.h"
#elif defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace hawser::binding {

#if defined(_WIN32)

namespace {

const std::uint8_t* OwnBase() {
  HMODULE own = nullptr;
  constexpr DWORD kFlags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
  GetModuleHandleExW(kFlags, reinterpret_cast<LPCWSTR>(&OwnBase), &own);
  return reinterpret_cast<const std::uint8_t*>(own);
}

template <typename Type>
const Type* At(const std::uint8_t* base, std::size_t offset) {
  return reinterpret_cast<const Type*>(base + offset);
}

}  // namespace

bool KeepLoaded() {
  HMODULE own = nullptr;
  constexpr DWORD kFlags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
  return GetModuleHandleExW(kFlags, reinterpret_cast<LPCWSTR>(&OwnBase), &own) != 0;
}

// All that is loaded late is the runtime's, whose file may have any name.
std::string MissingImport() {
  const auto* base = OwnBase();
  const auto* headers = At<IMAGE_NT_HEADERS>(base, static_cast<std::size_t>(At<IMAGE_DOS_HEADER>(base, 0)->e_lfanew));
  const auto& table = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT];
  if (table.VirtualAddress == 0) return "";
  const HMODULE runtime = reader::RuntimeModule();
  for (const auto* library = At<IMAGE_DELAYLOAD_DESCRIPTOR>(base, table.VirtualAddress); library->DllNameRVA != 0;
       ++library) {
    for (const auto* entry = At<IMAGE_THUNK_DATA>(base, library->ImportNameTableRVA); entry->u1.AddressOfData != 0;
         ++entry) {
      if (IMAGE_SNAP_BY_ORDINAL(entry->u1.Ordinal)) continue;
      const auto* name = At<IMAGE_IMPORT_BY_NAME>(base, static_cast<std::size_t>(entry->u1.AddressOfData));
      const auto* text = reinterpret_cast<const char*>(name->Name);
      if (GetProcAddress(runtime, text) == nullptr) return text;
    }
  }
  return "";
}

#else

#if defined(__APPLE__)

bool KeepLoaded() {
  Dl_info own{};
  if (dladdr(reinterpret_cast<const void*>(&KeepLoaded), &own) == 0) return false;
  return dlopen(own.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

#else

// Said by the linker's -z nodelete, which macOS lacks.
bool KeepLoaded() { return true; }

#endif

std::string MissingImport() { return ""; }

#endif

}  // namespace hawser::binding
