// The addon's entry: what TypeScript's native.ts describes. Makes one Environment per JavaScript environment.

#include <napi.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "binding/desk.h"
#include "binding/environment.h"
#include "binding/image.h"
#include "binding/runtime.h"
#include "binding/secure_context_wrap.h"
#include "binding/session_wrap.h"
#include "binding/version.h"
#include "core/event.h"
#include "core/limits.h"
#include "reader/delivery_queue.h"
#include "reader/frame_reporter.h"
#include "reader/message_batch.h"
#include "reader/send_record.h"

namespace hawser::binding {

namespace {

// What both languages need to know is typed once, here or below, and exported.
Napi::Object Constants(Napi::Env env) {
  auto constants = Napi::Object::New(env);
  auto set = [&](const char* name, std::size_t value) { constants.Set(name, static_cast<double>(value)); };
  auto kind = [&](const char* name, core::MessageKind value) { set(name, static_cast<std::size_t>(value)); };
  auto record = [&](const char* name, reader::RecordType value) { set(name, static_cast<std::size_t>(value)); };

  set("deskSize", Desk::kSize);
  set("readyOffset", Desk::kReadyOffset);
  set("readyPairs", Desk::kReadyPairs);
  set("indexOffset", Desk::kIndexOffset);
  set("indexEntries", reader::kBatchMessages);
  set("bytesOffset", Desk::kBytesOffset);
  set("bytesSize", reader::kBatchBytes);
  set("stageOffset", Desk::kStageOffset);
  set("stageSize", Desk::kStageSize);

  set("readyMessages", reader::kReadyMessages);
  set("readyNotices", reader::kReadyNotices);
  set("readyFinished", reader::kReadyFinished);

  set("kindShift", reader::kKindShift);
  set("offsetMask", reader::kOffsetMask);
  kind("kindBinary", core::MessageKind::kBinary);
  kind("kindAscii", core::MessageKind::kAscii);
  kind("kindUtf16", core::MessageKind::kUtf16);
  set("kindLarge", reader::kLargeFlag);
  set("kindMore", reader::kMoreFlag);

  record("recordText", reader::RecordType::kText);
  record("recordBinary", reader::RecordType::kBinary);
  record("recordPing", reader::RecordType::kPing);
  record("recordPong", reader::RecordType::kPong);
  set("recordMore", reader::kRecordMore);
  set("recordCompress", reader::kRecordCompress);

  const auto observe = [&](const char* name, reader::Observation value) { set(name, static_cast<std::size_t>(value)); };
  observe("observeNothing", reader::Observation::kNone);
  observe("observePings", reader::Observation::kPings);
  observe("observeFrames", reader::Observation::kFrames);

  set("maxControlPayload", core::kMaxControlPayload);
  return constants;
}

void Attach(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env())->Attach(info[0].As<Napi::ArrayBuffer>(), info[1].As<Napi::Function>());
}

Napi::Value OpenSslProblem(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), Environment::Of(info.Env())->openssl().problem);
}

#if defined(HAWSER_TEST_HOOKS)

void HideOpenSsl(const Napi::CallbackInfo& info) { Environment::Of(info.Env())->HideOpenSsl(); }

Napi::Value LiveReaders(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), reader::live_readers); }

void SetDelays(const Napi::CallbackInfo& info) {
  const auto given = info[0].As<Napi::Object>();
  reader::Delays delays;
  for (const auto& [name, value] : given) {
    const std::string key = name.As<Napi::String>();
    const auto* found = std::ranges::find(reader::kTestPointNames, key);
    if (found == reader::kTestPointNames.end()) throw Napi::TypeError::New(info.Env(), "no test point is named " + key);
    const auto at = static_cast<std::size_t>(found - reader::kTestPointNames.begin());
    delays.milliseconds[at] = static_cast<Napi::Value>(value).As<Napi::Number>().Uint32Value();
  }
  Environment::Of(info.Env())->delays = delays;
}

#endif

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  if (const std::string problem = RuntimeProblem(env); !problem.empty()) {
    throw Napi::Error::New(env, "hawser cannot run in this process: " + problem);
  }
  if (!KeepLoaded()) throw Napi::Error::New(env, "hawser cannot run in this process: it can't be kept loaded");
  env.SetInstanceData(new std::shared_ptr<Environment>(std::make_shared<Environment>(env)));
  exports.Set("Session", SessionWrap::Define(env));
  exports.Set("SecureContext", SecureContextWrap::Define(env));
  exports.Set("openSslProblem", Napi::Function::New<OpenSslProblem>(env));
  exports.Set("version", kVersion);
  exports.Set("constants", Constants(env));
  exports.Set("attach", Napi::Function::New<Attach>(env));
#if defined(HAWSER_TEST_HOOKS)
  exports.Set("liveReaders", Napi::Function::New<LiveReaders>(env));
  exports.Set("hideOpenSsl", Napi::Function::New<HideOpenSsl>(env));
  exports.Set("setDelays", Napi::Function::New<SetDelays>(env));
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)

}  // namespace hawser::binding
