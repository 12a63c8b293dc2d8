// JavaScript values, already validated by TypeScript, as native ones. JS thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <span>

#include "core/payload.h"
#include "reader/session.h"

namespace hawser::binding {

reader::SessionConfig ToSessionConfig(Napi::Object config);
// The bytes of a Uint8Array; valid until JavaScript runs again.
std::span<const std::uint8_t> ToBytes(Napi::Value array);
core::Payload ToPayload(Napi::Value array);
// A string's UTF-8, lone surrogates as U+FFFD.
core::Payload ToUtf8(Napi::Value string);

}  // namespace hawser::binding
