#include "binding/from_js.h"

#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "binding/secure_context_wrap.h"

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

reader::DialTarget ToDialTarget(const Napi::Object& target) {
  if (const auto path = target.Get("path"); path.IsString()) {
    return {.address = "", .port = 0, .path = path.As<Napi::String>().Utf8Value()};
  }
  return {
      .address = target.Get("address").As<Napi::String>().Utf8Value(),
      .port = target.Get("port").As<Napi::Number>().Int32Value(),
      .path = "",
  };
}

reader::DialConfig ToDialConfig(const Napi::Object& config) {
  reader::DialConfig dial;
  const auto targets = config.Get("targets").As<Napi::Array>();
  for (std::uint32_t i = 0; i < targets.Length(); ++i) {
    dial.targets.push_back(ToDialTarget(targets.Get(i).As<Napi::Object>()));
  }
  dial.attempt_delay = Milliseconds(config, "attemptDelay");
  if (const auto local = config.Get("localAddress"); local.IsString()) {
    dial.local_address = local.As<Napi::String>().Utf8Value();
  }
  dial.local_port = config.Get("localPort").As<Napi::Number>().Int32Value();
  dial.no_delay = config.Get("noDelay").As<Napi::Boolean>().Value();
  dial.keep_alive = config.Get("keepAlive").As<Napi::Boolean>().Value();
  dial.keep_alive_delay = Milliseconds(config, "keepAliveInitialDelay");
  return dial;
}

std::vector<std::uint8_t> CopiedBytes(Napi::Value array) {
  const auto bytes = ToBytes(array);
  return {bytes.begin(), bytes.end()};
}

std::string Text(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::String>().Utf8Value();
}

// Each entry of an array, as `convert` makes it.
template <typename Convert>
auto Each(Napi::Value value, Convert convert) {
  const auto array = value.As<Napi::Array>();
  std::vector<decltype(convert(Napi::Value()))> entries;
  for (std::uint32_t i = 0; i < array.Length(); ++i) entries.push_back(convert(array.Get(i)));
  return entries;
}

std::optional<std::string> Passphrase(const Napi::Object& owner) {
  const auto passphrase = owner.Get("passphrase");
  return passphrase.IsString() ? std::optional(passphrase.As<Napi::String>().Utf8Value()) : std::nullopt;
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

reader::TlsContextConfig ToTlsContextConfig(Napi::Object config) {
  const auto key = [](Napi::Value value) {
    const auto entry = value.As<Napi::Object>();
    return reader::TlsKey{.pem = CopiedBytes(entry.Get("pem")), .passphrase = Passphrase(entry)};
  };
  const auto pfx = [](Napi::Value value) {
    const auto entry = value.As<Napi::Object>();
    return reader::TlsPfx{.der = CopiedBytes(entry.Get("der")), .passphrase = Passphrase(entry)};
  };
  const auto trust_of = config.Get("trustOf");
  return {
      .ca = Each(config.Get("ca"), CopiedBytes),
      .crl = Each(config.Get("crl"), CopiedBytes),
      .cert = Each(config.Get("cert"), CopiedBytes),
      .key = Each(config.Get("key"), key),
      .pfx = Each(config.Get("pfx"), pfx),
      .ciphers = Text(config, "ciphers"),
      .cipher_suites = Text(config, "cipherSuites"),
      .ecdh_curve = Text(config, "ecdhCurve"),
      .sigalgs = Text(config, "sigalgs"),
      .min_version = config.Get("minVersion").As<Napi::Number>().Int32Value(),
      .max_version = config.Get("maxVersion").As<Napi::Number>().Int32Value(),
      .secure_options = Count(config, "secureOptions"),
      .default_paths = config.Get("defaultPaths").As<Napi::Boolean>().Value(),
      .partial_chains = config.Get("partialChains").As<Napi::Boolean>().Value(),
      .trust_of = trust_of.IsUndefined() ? nullptr : SecureContextWrap::Of(trust_of),
  };
}

reader::Secure ToSecure(Napi::Object config) {
  const auto session = config.Get("session");
  return {
      .context = nullptr,
      .servername = Text(config, "servername"),
      .identity = Text(config, "identity"),
      .alpn = CopiedBytes(config.Get("alpn")),
      .session_key = Text(config, "sessionKey"),
      .session = session.IsUndefined() ? std::vector<std::uint8_t>() : CopiedBytes(session),
      .keylog = config.Get("keylog").As<Napi::Boolean>().Value(),
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
