// Native values as JavaScript ones: big messages, notices, outcomes. JS thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/close_outcome.h"
#include "core/event.h"
#include "core/payload.h"
#include "reader/message_batch.h"
#include "reader/notice.h"
#include "reader/session_stats.h"

namespace hawser::binding {

// A string for text, an ArrayBuffer for binary.
Napi::Value ToMessage(Napi::Env env, core::MessageKind kind, std::span<const std::uint8_t> payload);
// As ToMessage, for an allocation of its own, which an ArrayBuffer takes over where the runtime allows it.
Napi::Value ToLargeMessage(Napi::Env env, core::MessageKind kind, core::Payload& payload);
Napi::Array ToNotices(Napi::Env env, std::vector<reader::Notice> notices);
// Times in milliseconds.
Napi::Object ToStats(Napi::Env env, const reader::ReaderStats& stats);
// Pairs: the first message that a read brought, and when that was.
Napi::Float64Array ToReads(Napi::Env env, std::span<const reader::MessageBatch::Read> reads);
Napi::Object ToOutcome(Napi::Env env, const core::CloseOutcome& outcome);

}  // namespace hawser::binding
