#include "binding/environment.h"

#include <algorithm>
#include <string>
#include <utility>

#include "binding/runtime.h"
#include "binding/session_wrap.h"

namespace hawser::binding {

namespace {

// Under OpenSSL's names there may be a mixture: BoringSSL's functions of the runtime, and what it lacks from a library
// that something else has brought along. So the runtime has a say: of BoringSSL its
// version is none of OpenSSL 3.
reader::FoundOpenSsl FindOpenSsl(Napi::Env env) {
  reader::FoundOpenSsl found = reader::FindOpenSsl();
  if (!found.table) return found;
  const std::string version = RuntimeVersion(env, "openssl");
  if (version.starts_with("3.")) return found;
  return {.table = nullptr, .problem = "the runtime has OpenSSL '" + version + "'; expected 3"};
}

}  // namespace

Environment::Environment(Napi::Env env) : env_(env) {}

Environment::~Environment() {
  // The environment is gone or going: its references are Node's to free.
  desk_memory_.SuppressDestruct();
  dispatch_.SuppressDestruct();
}

std::shared_ptr<Environment> Environment::Of(Napi::Env env) {
  return *env.GetInstanceData<std::shared_ptr<Environment>>();
}

void Environment::Attach(Napi::ArrayBuffer desk, Napi::Function dispatch) {
  desk_.memory = static_cast<std::uint8_t*>(desk.Data());
  desk_memory_ = Napi::Persistent(desk);
  dispatch_ = Napi::Persistent(dispatch);

  const Napi::Env env = desk.Env();
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "hawser"), 0,
                                                             1, nullptr, nullptr, this, &Environment::OnWake, &wake_);
  if (status != napi_ok) throw Napi::Error::New(env);
  napi_unref_threadsafe_function(env, wake_);
  // After the thread-safe function, since hooks run in reverse: no reader may outlive its wake.
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->Close(); }, this);
}

const reader::FoundOpenSsl& Environment::openssl() {
  if (!openssl_) openssl_ = FindOpenSsl(env_);
  return *openssl_;
}

#if defined(HAWSER_TEST_HOOKS)
void Environment::HideOpenSsl() {
  openssl_ = reader::FindOpenSsl([](const char*) -> void* { return nullptr; });
}
#endif

void Environment::Ref() {
  if (refs_++ == 0 && !closed_) napi_ref_threadsafe_function(env_, wake_);
}

void Environment::Unref() {
  if (--refs_ == 0 && !closed_) napi_unref_threadsafe_function(env_, wake_);
}

void Environment::Ring(SessionBell& bell, std::uint32_t ready) noexcept {
  {
    reader::Lock lock(mutex_);
    if (bell.round_ == round_) {
      ready_[bell.slot_].flags |= ready;
    } else {
      bell.round_ = round_;
      bell.slot_ = ready_.size();
      ready_.push_back({bell.id_, ready});
    }
    if (std::exchange(ringing_, true)) return;
  }
  Wake();
}

void Environment::Wake() noexcept {
  // Fails only while the environment closes, and then nobody listens.
  (void)napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Environment::DeleteLater(napi_ref reference) noexcept {
  {
    reader::Lock lock(mutex_);
    if (closed_) return;
    to_delete_.push_back(reference);
    if (std::exchange(ringing_, true)) return;
  }
  Wake();
}

Environment::News Environment::TakeNews() {
  reader::Lock lock(mutex_);
  ++round_;
  News news{std::exchange(ready_, {}), std::exchange(to_delete_, {})};
  ringing_ = !news.empty();
  return news;
}

void Environment::OnWake(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // the environment is closing
  static_cast<Environment*>(context)->Dispatch(env);
}

// What becomes news meanwhile is seen by the next look, not by another wake.
void Environment::Dispatch(napi_env env) {
  for (News news = TakeNews(); !news.empty(); news = TakeNews()) {
    for (napi_ref reference : news.to_delete) napi_delete_reference(env, reference);
    for (std::size_t done = 0; done < news.ready.size() && !closed_;) {
      const auto words = desk_.ready();
      const std::size_t count = std::min(news.ready.size() - done, Desk::kReadyPairs);
      for (std::size_t i = 0; i < count; ++i, ++done) {
        words[2 * i] = news.ready[done].id;
        words[2 * i + 1] = news.ready[done].flags;
      }
      CallDispatch(env, static_cast<std::uint32_t>(count));
    }
  }
}

void Environment::CallDispatch(napi_env env, std::uint32_t count) {
  const Napi::HandleScope scope(env);
  napi_value receiver = nullptr;
  napi_value argument = nullptr;
  napi_get_undefined(env, &receiver);
  napi_create_uint32(env, count, &argument);
  if (napi_call_function(env, receiver, dispatch_.Value(), 1, &argument, nullptr) != napi_pending_exception) return;
  // Below Node-API version 10 an exception from here is swallowed; it is the application's to see.
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

// The environment's cleanup hook. First all are told, then all are awaited, so that it takes as long as the slowest.
void Environment::Close() {
  {
    reader::Lock lock(mutex_);
    closed_ = true;
  }
  for (SessionWrap* session : sessions_) session->TerminateReader();
  for (SessionWrap* session : sessions_) session->JoinReader();
  dispatch_.Reset();
  desk_memory_.Reset();
}

}  // namespace hawser::binding
