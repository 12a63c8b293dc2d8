#include "binding/secure_context_wrap.h"

#include "binding/environment.h"
#include "binding/from_js.h"

namespace hawser::binding {

Napi::Function SecureContextWrap::Define(Napi::Env env) { return DefineClass(env, "SecureContext", {}); }

SecureContextWrap::SecureContextWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SecureContextWrap>(info) {
  try {
    context_ = std::make_shared<reader::TlsContext>(Environment::Of(info.Env())->openssl().table,
                                                    ToTlsContextConfig(info[0].As<Napi::Object>()));
  } catch (const reader::TlsError& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

}  // namespace hawser::binding
