// One connection's door: JavaScript's calls become commands, batches become desk contents. Decides nothing. JS thread.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "binding/environment.h"
#include "reader/message_batch.h"
#include "reader/reader.h"
#include "reader/tls_context.h"

namespace hawser::binding {

class SessionWrap final : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit SessionWrap(const Napi::CallbackInfo& info);
  // Collected without an end: terminates the connection and joins its reader.
  ~SessionWrap() override;

  // For the environment's cleanup hook.
  void TerminateReader();
  void JoinReader();

 private:
  Napi::Value Id(const Napi::CallbackInfo& info);
  void Write(const Napi::CallbackInfo& info);
  void ReadHead(const Napi::CallbackInfo& info);
  void ReadSome(const Napi::CallbackInfo& info);
  void Secure(const Napi::CallbackInfo& info);
  Napi::Value Resumable(const Napi::CallbackInfo& info);
  void Start(const Napi::CallbackInfo& info);
  void Post(const Napi::CallbackInfo& info);
  void SendLarge(const Napi::CallbackInfo& info);
  void SendOwned(const Napi::CallbackInfo& info);
  void CloseConnection(const Napi::CallbackInfo& info);
  void Fail(const Napi::CallbackInfo& info);
  void Terminate(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  Napi::Value TakeLarge(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  Napi::Value Notices(const Napi::CallbackInfo& info);
  void NotifyDrained(const Napi::CallbackInfo& info);
  Napi::Value BufferedAmount(const Napi::CallbackInfo& info);
  Napi::Value Latency(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Reads(const Napi::CallbackInfo& info);
  Napi::Value Join(const Napi::CallbackInfo& info);
  void Ref(const Napi::CallbackInfo& info);
  void Unref(const Napi::CallbackInfo& info);

  void PostLarge(Napi::Value type, core::Payload payload);
  void SetRef(bool keeps_alive);

  std::shared_ptr<Environment> environment_;
  const std::uint32_t id_;
  std::unique_ptr<reader::Reader> reader_;
  // What the stream was secured with last, and under which key its sessions are kept.
  std::shared_ptr<reader::TlsContext> tls_context_;
  std::string tls_session_key_;
  reader::MessageBatch batch_;  // the one taken last
  bool keeps_alive_ = false;
};

}  // namespace hawser::binding
