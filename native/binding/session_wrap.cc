#include "binding/session_wrap.h"

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "binding/from_js.h"
#include "binding/secure_context_wrap.h"
#include "binding/to_js.h"
#include "reader/send_record.h"

namespace hawser::binding {

namespace {

// Puts a batch on the desk: its index, with the messages that JavaScript has to ask for marked as large, and the run
// with those cut out.
void PutOnDesk(const reader::MessageBatch& batch, const Desk& desk) {
  const auto run = batch.shared();
  const auto index = desk.index(batch.messages());
  std::ranges::copy(batch.index(), index.begin());
  std::size_t done = 0;
  std::uint32_t cut = 0;
  const auto copy_up_to = [&](std::size_t end) {
    if (end > done) std::memcpy(desk.bytes() + done - cut, run.data() + done, end - done);
    done = end;
  };
  if (batch.direct_bytes() > 0) {
    for (reader::MessageEntry& entry : index) {
      if (entry.large()) continue;
      const auto direct = reader::MessageBatch::DirectBytes(entry.size);
      if (direct > 0) {
        copy_up_to(entry.offset());
        done += direct;
        entry.where |= reader::kLargeFlag << reader::kKindShift;
      } else {
        entry.where -= cut;
      }
      cut += static_cast<std::uint32_t>(direct);
    }
  }
  copy_up_to(run.size());
}

}  // namespace

Napi::Function SessionWrap::Define(Napi::Env env) {
  return DefineClass(env, "Session",
                     {
                         InstanceAccessor<&SessionWrap::Id>("id"),
                         InstanceMethod<&SessionWrap::Write>("write"),
                         InstanceMethod<&SessionWrap::ReadHead>("readHead"),
                         InstanceMethod<&SessionWrap::ReadSome>("readSome"),
                         InstanceMethod<&SessionWrap::Secure>("secure"),
                         InstanceMethod<&SessionWrap::Resumable>("resumable"),
                         InstanceMethod<&SessionWrap::Start>("start"),
                         InstanceMethod<&SessionWrap::Post>("post"),
                         InstanceMethod<&SessionWrap::SendLarge>("sendLarge"),
                         InstanceMethod<&SessionWrap::SendOwned>("sendOwned"),
                         InstanceMethod<&SessionWrap::CloseConnection>("close"),
                         InstanceMethod<&SessionWrap::Fail>("fail"),
                         InstanceMethod<&SessionWrap::Terminate>("terminate"),
                         InstanceMethod<&SessionWrap::Take>("take"),
                         InstanceMethod<&SessionWrap::TakeLarge>("takeLarge"),
                         InstanceMethod<&SessionWrap::Release>("release"),
                         InstanceMethod<&SessionWrap::Notices>("notices"),
                         InstanceMethod<&SessionWrap::NotifyDrained>("notifyDrained"),
                         InstanceMethod<&SessionWrap::BufferedAmount>("bufferedAmount"),
                         InstanceMethod<&SessionWrap::Latency>("latency"),
                         InstanceMethod<&SessionWrap::Stats>("stats"),
                         InstanceMethod<&SessionWrap::Reads>("reads"),
                         InstanceMethod<&SessionWrap::Join>("join"),
                         InstanceMethod<&SessionWrap::Ref>("ref"),
                         InstanceMethod<&SessionWrap::Unref>("unref"),
                     });
}

SessionWrap::SessionWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SessionWrap>(info), environment_(Environment::Of(info.Env())), id_(environment_->NextId()) {
  reader::SessionConfig config = ToSessionConfig(info[0].As<Napi::Object>());
  config.delays = environment_->delays;
  try {
    reader_ = std::make_unique<reader::Reader>(std::move(config),
                                               std::make_unique<Environment::SessionBell>(*environment_, id_));
  } catch (const std::system_error& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
  environment_->Add(*this);
  SetRef(true);
}

SessionWrap::~SessionWrap() {
  SetRef(false);
  environment_->Remove(*this);
}

void SessionWrap::TerminateReader() {
  if (!reader_->joined()) reader_->Terminate();
}

void SessionWrap::JoinReader() {
  if (!reader_->joined()) (void)reader_->Join();
}

// NOLINTNEXTLINE(readability-make-member-function-const): node-addon-api takes no const accessor.
Napi::Value SessionWrap::Id(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), id_); }

// --- the opening handshake ------------------------------------------------------------------------------------------

void SessionWrap::Write(const Napi::CallbackInfo& info) {
  const auto bytes = ToBytes(info[0]);
  reader_->commands().Post(reader::WriteBytes{{bytes.begin(), bytes.end()}});
}

void SessionWrap::ReadHead(const Napi::CallbackInfo& info) {
  reader_->commands().Post(reader::ReadHead{info[0].As<Napi::Number>().Uint32Value()});
}

void SessionWrap::ReadSome(const Napi::CallbackInfo& info) {
  reader_->commands().Post(reader::ReadSome{info[0].As<Napi::Number>().Uint32Value()});
}

void SessionWrap::Secure(const Napi::CallbackInfo& info) {
  reader::Secure command = ToSecure(info[1].As<Napi::Object>());
  tls_context_ = SecureContextWrap::Of(info[0]);
  tls_session_key_ = command.session_key;
  command.context = tls_context_;
  reader_->commands().Post(std::move(command));
}

Napi::Value SessionWrap::Resumable(const Napi::CallbackInfo& info) {
  if (!tls_context_) return info.Env().Undefined();
  const auto session = tls_context_->Resumable(tls_session_key_);
  if (session.empty()) return info.Env().Undefined();
  return {info.Env(), Napi::Buffer<std::uint8_t>::Copy(info.Env(), session.data(), session.size())};
}

void SessionWrap::Start(const Napi::CallbackInfo& info) {
  reader_->commands().Post(reader::Start{.deflate = ToDeflateConfig(info[0])});
}

// --- sending --------------------------------------------------------------------------------------------------------

void SessionWrap::Post(const Napi::CallbackInfo& info) {
  const auto staged = environment_->desk().stage(info[0].As<Napi::Number>().Uint32Value());
  std::uint64_t payload = 0;
  reader::RecordReader records(staged);
  for (reader::SendRecord record; records.Next(record);) {
    if (record.is_data()) payload += record.payload.size();
  }
  reader_->commands().Post(reader::SendRecords{{staged.begin(), staged.end()}}, payload);
}

void SessionWrap::SendLarge(const Napi::CallbackInfo& info) {
  PostLarge(info[0], info[1].IsString() ? ToUtf8(*environment_, info[1]) : ToPayload(*environment_, info[1]));
}

void SessionWrap::SendOwned(const Napi::CallbackInfo& info) {
  PostLarge(info[0], ToOwnedPayload(environment_, info[1]));
}

void SessionWrap::PostLarge(Napi::Value type, core::Payload payload) {
  const std::uint64_t size = payload.size();
  const core::Outgoing message = reader::MessageOf(type.As<Napi::Number>().Uint32Value());
  reader_->commands().Post(reader::SendLarge{message, std::move(payload)}, size);
}

void SessionWrap::NotifyDrained(const Napi::CallbackInfo&) { reader_->commands().Post(reader::NotifyDrained{}); }

Napi::Value SessionWrap::BufferedAmount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(reader_->commands().buffered()));
}

void SessionWrap::CloseConnection(const Napi::CallbackInfo& info) {
  reader_->commands().Post(reader::CloseConnection{
      .code = static_cast<std::uint16_t>(info[0].As<Napi::Number>().Uint32Value()),
      .reason = info[1].As<Napi::String>().Utf8Value(),
  });
}

void SessionWrap::Fail(const Napi::CallbackInfo& info) {
  reader_->commands().Post(reader::FailConnection{
      .code = static_cast<std::uint16_t>(info[0].As<Napi::Number>().Uint32Value()),
      .reason = info[1].As<Napi::String>().Utf8Value(),
  });
}

void SessionWrap::Terminate(const Napi::CallbackInfo&) { reader_->Terminate(); }

// --- receiving ------------------------------------------------------------------------------------------------------

Napi::Value SessionWrap::Take(const Napi::CallbackInfo& info) {
  using Taken = reader::DeliveryQueue::Taken;
  const auto result = reader_->delivery().Take(batch_);
  if (result.resume) reader_->commands().Post(reader::Resume{});
  if (result.taken != Taken::kBatch) {
    return Napi::Number::New(info.Env(), result.taken == Taken::kFinished ? -1 : 0);
  }
  PutOnDesk(batch_, environment_->desk());
  return Napi::Number::New(info.Env(), static_cast<double>(batch_.messages()));
}

Napi::Value SessionWrap::TakeLarge(const Napi::CallbackInfo& info) {
  const reader::MessageEntry& entry = batch_.index().at(info[0].As<Napi::Number>().Uint32Value());
  const core::MessageKind kind = entry.form().kind;
  if (entry.large()) return ToLargeMessage(info.Env(), kind, batch_.large(entry.offset()));
  return ToMessage(info.Env(), kind, batch_.shared().subspan(entry.offset(), entry.size));
}

void SessionWrap::Release(const Napi::CallbackInfo&) {
  if (reader_->delivery().Release(batch_)) reader_->commands().Post(reader::Resume{});
}

Napi::Value SessionWrap::Notices(const Napi::CallbackInfo& info) {
  return ToNotices(info.Env(), reader_->delivery().TakeNotices());
}

Napi::Value SessionWrap::Latency(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), reader_->delivery().latency());
}

Napi::Value SessionWrap::Stats(const Napi::CallbackInfo& info) { return ToStats(info.Env(), reader_->Stats()); }

Napi::Value SessionWrap::Reads(const Napi::CallbackInfo& info) { return ToReads(info.Env(), batch_.reads()); }

// --- ending ---------------------------------------------------------------------------------------------------------

Napi::Value SessionWrap::Join(const Napi::CallbackInfo& info) {
  // The event loop may wait for a reader that has announced its end, and for no other.
  if (reader_->joined() || !reader_->delivery().finished()) {
    throw Napi::Error::New(info.Env(), "join: the reader has not announced its end, or was joined before");
  }
  const core::CloseOutcome outcome = reader_->Join();
  SetRef(false);
  return ToOutcome(info.Env(), outcome);
}

void SessionWrap::Ref(const Napi::CallbackInfo&) { SetRef(!reader_->joined()); }

void SessionWrap::Unref(const Napi::CallbackInfo&) { SetRef(false); }

void SessionWrap::SetRef(bool keeps_alive) {
  if (std::exchange(keeps_alive_, keeps_alive) == keeps_alive) return;
  if (keeps_alive) {
    environment_->Ref();
  } else {
    environment_->Unref();
  }
}

}  // namespace hawser::binding
