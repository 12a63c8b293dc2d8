// A TlsContext as a JavaScript object that connections are secured with; alive as long as either needs it. JS thread.
#pragma once

#include <napi.h>

#include <memory>

#include "reader/tls_context.h"

namespace hawser::binding {

class SecureContextWrap final : public Napi::ObjectWrap<SecureContextWrap> {
 public:
  static Napi::Function Define(Napi::Env env);

  // Throws a JavaScript Error with OpenSSL's words. The environment's OpenSSL must be usable.
  explicit SecureContextWrap(const Napi::CallbackInfo& info);

  const std::shared_ptr<reader::TlsContext>& context() const { return context_; }

 private:
  std::shared_ptr<reader::TlsContext> context_;
};

}  // namespace hawser::binding
