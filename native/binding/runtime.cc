#include "binding/runtime.h"

#include <uv.h>

#include <array>

#include "binding/image.h"

namespace hawser::binding {

namespace {

// Node 20.0's. Older ones have other sizes of what a reader allocates.
constexpr unsigned kOldestMinor = 44;

// These load addons made for Node, and export libuv's functions for them, of which most or all abort.
constexpr std::array kWithoutLibuv = {"bun", "deno"};

}  // namespace

std::string RuntimeVersion(Napi::Env env, const char* name) {
  // Node's is an object, but who hides it from scripts is no other runtime for that.
  const Napi::Value process = env.Global().Get("process");
  if (!process.IsObject()) return "";
  const Napi::Value versions = process.As<Napi::Object>().Get("versions");
  if (!versions.IsObject()) return "";
  const Napi::Value version = versions.As<Napi::Object>().Get(name);
  return version.IsString() ? version.As<Napi::String>().Utf8Value() : "";
}

std::string RuntimeProblem(Napi::Env env) {
  // First of all, since what follows calls functions as well.
  if (const std::string name = MissingImport(); !name.empty()) return "the runtime exports no " + name;
  for (const char* name : kWithoutLibuv) {
    if (const std::string version = RuntimeVersion(env, name); !version.empty()) {
      return std::string(name) + ' ' + version + " has no libuv for addons to use; expected Node.js";
    }
  }
  const unsigned version = uv_version();
  if (version >> 16 == 1 && (version >> 8 & 0xFF) >= kOldestMinor) return "";
  return std::string("the runtime has libuv ") + uv_version_string() + "; expected 1." + std::to_string(kOldestMinor) +
         " or newer, below 2";
}

}  // namespace hawser::binding
