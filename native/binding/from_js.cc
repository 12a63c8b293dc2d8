#include "binding/from_js.h"

#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace hawser::binding {

namespace {

double Number(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().DoubleValue();
}

// A count or a size; Infinity and what is beyond 2^63 mean no limit.
std::uint64_t Count(const Napi::Object& object, const char* name) {
  constexpr double kBeyond = 9.2e18;
  const double value = Number(object, name);
  return value < kBeyond ? static_cast<std::uint64_t>(value) : reader::QueueMarks::kNone;
}

// Milliseconds; a fraction of one is still a timeout, 0 is none.
std::uint64_t Milliseconds(const Napi::Object& object, const char* name) {
  return static_cast<std::uint64_t>(std::ceil(Number(object, name)));
}

reader::DialConfig ToDialConfig(const Napi::Object& config) {
  reader::DialConfig dial;
  const auto addresses = config.Get("addresses").As<Napi::Array>();
  for (std::uint32_t i = 0; i < addresses.Length(); ++i) {
    const auto target = addresses.Get(i).As<Napi::Object>();
    dial.targets.push_back({
        .address = target.Get("address").As<Napi::String>().Utf8Value(),
        .port = target.Get("port").As<Napi::Number>().Int32Value(),
    });
  }
  dial.attempt_delay = Milliseconds(config, "attemptDelay");
  if (const auto local = config.Get("localAddress"); local.IsString()) {
    dial.local_address = local.As<Napi::String>().Utf8Value();
  }
  dial.no_delay = config.Get("noDelay").As<Napi::Boolean>().Value();
  return dial;
}

}  // namespace

reader::SessionConfig ToSessionConfig(Napi::Object config) {
  return {
      .dial = ToDialConfig(config),
      .open_timeout = Milliseconds(config, "openTimeout"),
      .close_timeout = Milliseconds(config, "closeTimeout"),
      .ping_interval = Milliseconds(config, "pingInterval"),
      .ping_timeout = Milliseconds(config, "pingTimeout"),
      .limits =
          {
              .max_message_size = Count(config, "maxMessageSize"),
              .max_fragment_size = Count(config, "maxFragmentSize"),
              .max_fragments = config.Get("maxFragments").As<Napi::Number>().Uint32Value(),
          },
      .marks =
          {
              .high_messages = Count(config, "highMessages"),
              .low_messages = Count(config, "lowMessages"),
              .high_bytes = Count(config, "highBytes"),
              .low_bytes = Count(config, "lowBytes"),
          },
      .write_low = Count(config, "writeLow"),
      .observation = static_cast<reader::Observation>(config.Get("observation").As<Napi::Number>().Uint32Value()),
      .delays = {},
  };
}

std::optional<core::DeflateConfig> ToDeflateConfig(Napi::Value config) {
  if (!config.IsObject()) return std::nullopt;
  const auto agreed = config.As<Napi::Object>();
  const auto flag = [&](const char* name) { return agreed.Get(name).As<Napi::Boolean>().Value(); };
  const auto number = [&](const char* name) { return agreed.Get(name).As<Napi::Number>().Int32Value(); };
  return core::DeflateConfig{
      .server_no_context_takeover = flag("serverNoContextTakeover"),
      .client_no_context_takeover = flag("clientNoContextTakeover"),
      .server_max_window_bits = number("serverMaxWindowBits"),
      .client_max_window_bits = number("clientMaxWindowBits"),
      .level = number("level"),
      .mem_level = number("memLevel"),
  };
}

std::span<const std::uint8_t> ToBytes(Napi::Value array) {
  const auto bytes = array.As<Napi::Uint8Array>();
  return {bytes.Data(), bytes.ByteLength()};
}

core::Payload ToPayload(Environment& environment, Napi::Value array) {
  const auto bytes = ToBytes(array);
  core::Payload payload = environment.payloads().Take(bytes.size());
  if (!bytes.empty()) std::memcpy(payload.bytes(), bytes.data(), bytes.size());
  return payload;
}

core::Payload ToOwnedPayload(std::shared_ptr<Environment> environment, Napi::Value array) {
  struct Owner {
    std::shared_ptr<Environment> environment;
    napi_ref reference;
  };
  auto bytes = array.As<Napi::Uint8Array>();
  napi_ref reference = nullptr;
  if (napi_create_reference(array.Env(), bytes.ArrayBuffer(), 1, &reference) != napi_ok) {
    throw Napi::Error::New(array.Env());
  }
  const auto release = [](void* argument) {
    const std::unique_ptr<Owner> owner(static_cast<Owner*>(argument));
    owner->environment->DeleteLater(owner->reference);
  };
  return {bytes.Data(), bytes.ByteLength(),
          core::FreeBytes{.release = release, .owner = new Owner{std::move(environment), reference}}};
}

core::Payload ToUtf8(Environment& environment, Napi::Value string) {
  const Napi::Env env = string.Env();
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, string, nullptr, 0, &size) != napi_ok) throw Napi::Error::New(env);
  core::Payload payload = environment.payloads().Take(size + 1);  // Node-API ends it with a NUL
  auto* bytes = reinterpret_cast<char*>(payload.bytes());
  if (napi_get_value_string_utf8(env, string, bytes, size + 1, &size) != napi_ok) throw Napi::Error::New(env);
  payload.set_size(size);
  return payload;
}

}  // namespace hawser::binding
