#include "binding/to_js.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace hawser::binding {

namespace {

Napi::Value CopyToArrayBuffer(Napi::Env env, std::span<const std::uint8_t> bytes) {
  auto copy = Napi::ArrayBuffer::New(env, bytes.size());
  std::memcpy(copy.Data(), bytes.data(), bytes.size());
  return copy;
}

Napi::Value ToArrayBuffer(Napi::Env env, core::Payload& payload) {
  const std::size_t size = payload.size();
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, payload.bytes(), size, [](napi_env, void* bytes, void*) { std::free(bytes); }, nullptr, &buffer);
  if (status == napi_ok) {
    (void)payload.Release();
    return {env, buffer};
  }
  // Runtimes with a sandboxed heap, Electron's among them, take no foreign memory.
  if (status != napi_no_external_buffers_allowed) throw Napi::Error::New(env);
  return CopyToArrayBuffer(env, payload.span());
}

Napi::Buffer<std::uint8_t> ToBuffer(Napi::Env env, const std::vector<std::uint8_t>& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
}

const char* FamilyName(reader::AddressFamily family) {
  switch (family) {
    case reader::AddressFamily::kIpv4:
      return "IPv4";
    case reader::AddressFamily::kIpv6:
      return "IPv6";
    case reader::AddressFamily::kUnix:
      return "Unix";
  }
  return "";
}

Napi::Object ToAddress(Napi::Env env, const reader::SocketAddress& address) {
  auto object = Napi::Object::New(env);
  object.Set("address", address.address);
  object.Set("port", address.port);
  object.Set("family", FamilyName(address.family));
  return object;
}

class NoticeToJs {
 public:
  explicit NoticeToJs(Napi::Env env) : env_(env) {}

  Napi::Object operator()(const reader::Dialed& notice) const {
    auto object = Kind("dialed");
    object.Set("index", static_cast<double>(notice.index));
    object.Set("local", ToAddress(env_, notice.local));
    object.Set("remote", ToAddress(env_, notice.remote));
    return object;
  }
  Napi::Object operator()(const reader::HeadRead& notice) const {
    auto object = Kind(notice.unfinished ? "head-unfinished" : "head");
    object.Set("bytes", ToBuffer(env_, notice.bytes));
    return object;
  }
  Napi::Object operator()(const reader::BytesRead& notice) const {
    auto object = Kind("bytes");
    object.Set("bytes", ToBuffer(env_, notice.bytes));
    return object;
  }
  Napi::Object operator()(const reader::Secured& notice) const {
    auto cipher = Napi::Object::New(env_);
    cipher.Set("name", notice.cipher_name);
    cipher.Set("standardName", notice.cipher_standard_name);
    cipher.Set("version", notice.cipher_version);
    auto chain = Napi::Array::New(env_, notice.chain.size());
    for (std::uint32_t i = 0; i < notice.chain.size(); ++i) chain.Set(i, ToBuffer(env_, notice.chain[i]));
    auto object = Kind("secured");
    object.Set("protocol", notice.protocol);
    object.Set("cipher", cipher);
    object.Set("alpn", notice.alpn);
    object.Set("reused", notice.reused);
    object.Set("verifyCode", notice.verify_code);
    object.Set("verifyMessage", notice.verify_message);
    object.Set("identityMatches", notice.identity_matches);
    object.Set("chain", chain);
    return object;
  }
  Napi::Object operator()(const reader::KeyLogged& notice) const {
    auto object = Kind("keylog");
    object.Set("line", ToBuffer(env_, notice.line));
    return object;
  }
  Napi::Object operator()(const reader::PongReceived& notice) const {
    auto object = Kind("pong");
    object.Set("id", static_cast<double>(notice.id));
    object.Set("latency", notice.latency);
    return object;
  }
  Napi::Object operator()(const reader::Closing&) const { return Kind("closing"); }
  Napi::Object operator()(const reader::Drained&) const { return Kind("drained"); }
  Napi::Object operator()(const reader::FrameSeen& notice) const {
    auto object = Kind("frame");
    object.Set("sent", notice.direction == core::Direction::kSent);
    object.Set("opcode", static_cast<double>(notice.header.opcode));
    object.Set("fin", notice.header.fin);
    object.Set("compressed", notice.header.compressed);
    object.Set("length", static_cast<double>(notice.header.length));
    object.Set("payload", ToBuffer(env_, notice.payload));
    object.Set("cut", notice.cut);
    object.Set("keepalive", notice.keepalive);
    return object;
  }
  Napi::Object operator()(const reader::FramesLeftOut& notice) const {
    auto object = Kind("frames-left-out");
    object.Set("count", static_cast<double>(notice.count));
    return object;
  }

 private:
  Napi::Object Kind(const char* kind) const {
    auto object = Napi::Object::New(env_);
    object.Set("kind", kind);
    return object;
  }

  Napi::Env env_;
};

Napi::Value ToCloseFrame(Napi::Env env, const std::optional<core::CloseFrame>& frame) {
  if (!frame) return env.Undefined();
  auto object = Napi::Object::New(env);
  object.Set("code", static_cast<double>(frame->code));
  object.Set("reason", frame->reason);
  return object;
}

const char* CauseName(const core::CloseOutcome& outcome) {
  switch (outcome.cause) {
    case core::CloseCause::kNone:
      return "none";
    case core::CloseCause::kEndOfStream:
      return "end-of-stream";
    case core::CloseCause::kTruncated:
      return "truncated";
    case core::CloseCause::kTransport:
      return "transport";
    case core::CloseCause::kTls:
      return "tls";
    case core::CloseCause::kProtocol:
      if (outcome.error.kind == core::ErrorKind::kMessageTooBig) return "message-too-big";
      if (outcome.error.kind == core::ErrorKind::kFragmentTooBig) return "fragment-too-big";
      if (outcome.error.kind == core::ErrorKind::kTooManyFragments) return "too-many-fragments";
      return "protocol";
    case core::CloseCause::kKeepaliveTimeout:
      return "keepalive-timeout";
    case core::CloseCause::kCloseTimeout:
      return "close-timeout";
    case core::CloseCause::kOpenTimeout:
      return "open-timeout";
    case core::CloseCause::kDial:
      return "dial";
    case core::CloseCause::kTerminated:
      return "terminated";
    case core::CloseCause::kBacklog:
      return "backlog";
    case core::CloseCause::kInternal:
      break;
  }
  return "internal";
}

}  // namespace

Napi::Value ToMessage(Napi::Env env, core::MessageKind kind, std::span<const std::uint8_t> payload) {
  switch (kind) {
    case core::MessageKind::kAscii: {
      napi_value string = nullptr;
      const auto* text = reinterpret_cast<const char*>(payload.data());
      if (napi_create_string_latin1(env, text, payload.size(), &string) != napi_ok) throw Napi::Error::New(env);
      return {env, string};
    }
    case core::MessageKind::kUtf16:
      return Napi::String::New(env, reinterpret_cast<const char16_t*>(payload.data()), payload.size() / 2);
    case core::MessageKind::kBinary:
      break;
  }
  return CopyToArrayBuffer(env, payload);
}

Napi::Value ToLargeMessage(Napi::Env env, core::MessageKind kind, core::Payload& payload) {
  if (kind != core::MessageKind::kBinary) return ToMessage(env, kind, payload.span());
  return ToArrayBuffer(env, payload);
}

Napi::Array ToNotices(Napi::Env env, std::vector<reader::Notice> notices) {
  auto array = Napi::Array::New(env, notices.size());
  for (std::uint32_t i = 0; i < notices.size(); ++i) array.Set(i, std::visit(NoticeToJs(env), notices[i]));
  return array;
}

Napi::Object ToTraffic(Napi::Env env, const core::Traffic& traffic, std::uint64_t wire_bytes) {
  auto object = Napi::Object::New(env);
  const auto set = [&](const char* name, std::uint64_t value) { object.Set(name, static_cast<double>(value)); };
  set("messages", traffic.messages);
  set("messageBytes", traffic.message_bytes);
  set("wireBytes", wire_bytes);
  auto frames = Napi::Object::New(env);
  const auto count = [&](const char* name, core::Opcode opcode) {
    frames.Set(name, static_cast<double>(traffic.of(opcode)));
  };
  count("text", core::Opcode::kText);
  count("binary", core::Opcode::kBinary);
  count("continuation", core::Opcode::kContinuation);
  count("close", core::Opcode::kClose);
  count("ping", core::Opcode::kPing);
  count("pong", core::Opcode::kPong);
  object.Set("frames", frames);
  return object;
}

Napi::Object ToStats(Napi::Env env, const reader::ReaderStats& stats) {
  const auto& [session, queue, latency, paused_for, cpu_time] = stats;
  constexpr double kNanosecondsPerMillisecond = 1e6;
  auto object = Napi::Object::New(env);
  const auto set = [&](const char* name, std::uint64_t value) { object.Set(name, static_cast<double>(value)); };
  const auto time = [&](const char* name, std::uint64_t nanoseconds) {
    object.Set(name, static_cast<double>(nanoseconds) / kNanosecondsPerMillisecond);
  };
  object.Set("received", ToTraffic(env, session.received, session.wire_received));
  object.Set("sent", ToTraffic(env, session.sent, session.wire_sent));
  set("queuedMessages", queue.messages);
  set("queuedBytes", queue.bytes);
  set("mostQueuedBytes", queue.most_bytes);
  set("pauses", session.pauses);
  time("pausedTime", paused_for);
  set("batches", queue.batches);
  set("batchedMessages", queue.batched);
  set("largestBatch", queue.largest_batch);
  set("wakes", queue.wakes);
  time("readerCpuTime", cpu_time);
  object.Set("latency", latency);
  return object;
}

Napi::Float64Array ToReads(Napi::Env env, std::span<const reader::MessageBatch::Read> reads) {
  auto array = Napi::Float64Array::New(env, reads.size() * 2);
  for (std::size_t i = 0; i < reads.size(); ++i) {
    array[2 * i] = reads[i].first;
    array[2 * i + 1] = reads[i].at;
  }
  return array;
}

Napi::Object ToOutcome(Napi::Env env, const core::CloseOutcome& outcome) {
  auto object = Napi::Object::New(env);
  object.Set("received", ToCloseFrame(env, outcome.received));
  object.Set("sent", ToCloseFrame(env, outcome.sent));
  object.Set("receivedFirst", outcome.received_first);
  object.Set("cause", CauseName(outcome));
  object.Set("transportError", outcome.transport_error);
  object.Set("detail", outcome.detail.empty() ? std::string(core::Describe(outcome.error.kind)) : outcome.detail);
  object.Set("limit", static_cast<double>(outcome.error.limit));
  object.Set("actual", static_cast<double>(outcome.error.actual));
  return object;
}

}  // namespace hawser::binding
