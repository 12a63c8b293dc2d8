// JavaScript values, already validated by TypeScript, as native ones. JS thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "binding/environment.h"
#include "core/payload.h"
#include "reader/command.h"
#include "reader/session.h"
#include "reader/tls_context.h"

namespace hawser::binding {

reader::SessionConfig ToSessionConfig(Napi::Object config);
// Nothing for undefined.
std::optional<core::DeflateConfig> ToDeflateConfig(Napi::Value config);
reader::TlsContextConfig ToTlsContextConfig(Napi::Object config);
// How a stream is secured, but for the context.
reader::Secure ToSecure(Napi::Object config);
// The bytes of a Uint8Array; valid until JavaScript runs again.
std::span<const std::uint8_t> ToBytes(Napi::Value array);
core::Payload ToPayload(Environment& environment, Napi::Value array);
// The bytes of a Uint8Array whose ArrayBuffer nobody else can reach, uncopied: kept alive until the payload is freed.
core::Payload ToOwnedPayload(std::shared_ptr<Environment> environment, Napi::Value array);
// A string's UTF-8, lone surrogates as U+FFFD.
core::Payload ToUtf8(Environment& environment, Napi::Value string);

}  // namespace hawser::binding
