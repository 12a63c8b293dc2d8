// Native values as JavaScript ones: big messages, notices, outcomes. JS thread.
#pragma once

#include <napi.h>

#include <vector>

#include "core/close_outcome.h"
#include "core/event.h"
#include "core/payload.h"
#include "reader/notice.h"

namespace hawser::binding {

// A string for text; for binary an ArrayBuffer that takes the payload over where the runtime allows it.
Napi::Value ToLargeMessage(Napi::Env env, core::MessageKind kind, core::Payload& payload);
Napi::Array ToNotices(Napi::Env env, std::vector<reader::Notice> notices);
Napi::Object ToOutcome(Napi::Env env, const core::CloseOutcome& outcome);

}  // namespace hawser::binding
