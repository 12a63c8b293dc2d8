#include "binding/secure_context_wrap.h"

#include "binding/environment.h"
#include "binding/from_js.h"

namespace hawser::binding {

namespace {

constexpr napi_type_tag kTag = {0x6a0d8f5b3c4e4f19, 0x9d2b7a61e8c35f04};

}  // namespace

const std::shared_ptr<reader::TlsContext>& SecureContextWrap::Of(Napi::Value value) {
  const bool is_context = value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kTag);
  if (!is_context) throw Napi::TypeError::New(value.Env(), "expected a SecureContext");
  return Unwrap(value.As<Napi::Object>())->context_;
}

Napi::Function SecureContextWrap::Define(Napi::Env env) { return DefineClass(env, "SecureContext", {}); }

SecureContextWrap::SecureContextWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SecureContextWrap>(info) {
  const reader::FoundOpenSsl& openssl = Environment::Of(info.Env())->openssl();
  if (!openssl.table) throw Napi::Error::New(info.Env(), openssl.problem);
  try {
    context_ = std::make_shared<reader::TlsContext>(openssl.table, ToTlsContextConfig(info[0].As<Napi::Object>()));
    // An object of another class holds something else.
    info.This().As<Napi::Object>().TypeTag(&kTag);
  } catch (const reader::TlsError& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

}  // namespace hawser::binding
