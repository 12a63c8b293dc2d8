// What one JavaScript environment (the main thread's or a Worker's) has of hawser: its desk, its wake, its live
// sessions. Nothing here is shared between environments. When the environment goes, every reader is terminated and
// joined before Node tears the rest down.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "binding/desk.h"
#include "reader/delivery_queue.h"
#include "reader/mutex.h"
#include "reader/openssl.h"
#include "reader/payload_pool.h"
#include "reader/test_hooks.h"

namespace hawser::binding {

class SessionWrap;

class Environment {
 public:
  explicit Environment(Napi::Env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Sessions keep their environment: finalizers may run after it has closed.
  static std::shared_ptr<Environment> Of(Napi::Env env);

  // --- JS thread ---
  void Attach(Napi::ArrayBuffer desk, Napi::Function dispatch);
  const Desk& desk() const { return desk_; }
  std::uint32_t NextId() { return ++last_id_; }
  void Add(SessionWrap& session) { sessions_.insert(&session); }
  void Remove(SessionWrap& session) { sessions_.erase(&session); }
  // How many sessions keep the event loop alive.
  void Ref();
  void Unref();

  reader::PayloadPool& payloads() { return *payloads_; }
  // Any thread: deletes the reference at the next wake. Does nothing once the environment has closed.
  void DeleteLater(napi_ref reference) noexcept;

  // The runtime's, looked for when it is first needed.
  const reader::FoundOpenSsl& openssl();
#if defined(HAWSER_TEST_HOOKS)
  void HideOpenSsl();
#endif

  reader::Delays delays;  // of readers created from now on

  // A session's bell. Its fields are the wake's, guarded by its mutex.
  class SessionBell final : public reader::Bell {
   public:
    SessionBell(Environment& environment, std::uint32_t id) : environment_(environment), id_(id) {}
    void Ring(std::uint32_t ready) noexcept override { environment_.Ring(*this, ready); }

   private:
    friend class Environment;
    Environment& environment_;
    const std::uint32_t id_;
    std::size_t slot_ = 0;
    std::uint64_t round_ = 0;
  };

 private:
  struct ReadyPair {
    std::uint32_t id;
    std::uint32_t flags;
  };
  struct News {
    std::vector<ReadyPair> ready;
    std::vector<napi_ref> to_delete;
    bool empty() const { return ready.empty() && to_delete.empty(); }
  };

  // Any reader thread.
  void Wake() noexcept;
  void Ring(SessionBell& bell, std::uint32_t ready) noexcept;
  // JS thread, called by the wake.
  static void OnWake(napi_env env, napi_value, void* context, void*);
  void Dispatch(napi_env env);
  void CallDispatch(napi_env env, std::uint32_t count);
  News TakeNews();
  void Close();

  std::optional<reader::FoundOpenSsl> openssl_;
  napi_env env_;
  const std::shared_ptr<reader::PayloadPool> payloads_ = std::make_shared<reader::PayloadPool>();
  Desk desk_;
  Napi::Reference<Napi::ArrayBuffer> desk_memory_;
  Napi::FunctionReference dispatch_;
  napi_threadsafe_function wake_ = nullptr;
  std::unordered_set<SessionWrap*> sessions_;
  std::uint32_t last_id_ = 0;
  std::uint32_t refs_ = 0;
  bool closed_ = false;  // set by the JS thread with mutex_ held: readers look at it with mutex_ held

  reader::Mutex mutex_;  // a leaf, between the readers and the JS thread
  std::vector<ReadyPair> ready_ HAWSER_GUARDED_BY(mutex_);
  std::uint64_t round_ HAWSER_GUARDED_BY(mutex_) = 1;  // counts emptyings of ready_, so that bells know their slot
  std::vector<napi_ref> to_delete_ HAWSER_GUARDED_BY(mutex_);
  bool ringing_ HAWSER_GUARDED_BY(mutex_) = false;  // a wake is in flight
};

}  // namespace hawser::binding
