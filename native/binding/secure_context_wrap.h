// A TlsContext as a JavaScript object that connections are secured with; alive as long as either needs it. JS thread.
#pragma once

#include <napi.h>

#include <memory>

#include "reader/tls_context.h"

namespace hawser::binding {

class SecureContextWrap final : public Napi::ObjectWrap<SecureContextWrap> {
 public:
  static Napi::Function Define(Napi::Env env);

  // Throws a JavaScript Error with OpenSSL's words, or why there is none that is usable.
  explicit SecureContextWrap(const Napi::CallbackInfo& info);

  // What such an object holds. Throws a JavaScript TypeError if the value is none.
  static const std::shared_ptr<reader::TlsContext>& Of(Napi::Value value);

 private:
  std::shared_ptr<reader::TlsContext> context_;
};

}  // namespace hawser::binding
