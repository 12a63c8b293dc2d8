#include "reader/dialer.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "reader/socket_address.h"

namespace hawser::reader {

// An attempt frees itself when libuv is done with it, which may be after the dialer is gone: `dialer` is then null.
struct Dialer::Attempt {
  uv_tcp_t* handle = nullptr;
  uv_connect_t request{};
  Dialer* dialer = nullptr;
  std::size_t target = 0;
};

Dialer::Dialer(uv_loop_t* loop, const DialConfig& config, Connected connected, Failed failed)
    : loop_(loop),
      config_(config),
      connected_(std::move(connected)),
      failed_(std::move(failed)),
      next_attempt_(loop, [this] { StartNext(); }) {
  running_.reserve(config.targets.size());
}

void Dialer::Cancel() {
  next_attempt_.Stop();
  while (!running_.empty()) Abandon(running_.back());
}

// Closes an attempt. If a connect is still running, its callback comes first, with UV_ECANCELED.
void Dialer::Abandon(Attempt* attempt) {
  std::erase(running_, attempt);
  attempt->dialer = nullptr;
  attempt->handle->data = attempt;
  uv_close(reinterpret_cast<uv_handle_t*>(attempt->handle), [](uv_handle_t* handle) {
    delete static_cast<Attempt*>(handle->data);
    delete reinterpret_cast<uv_tcp_t*>(handle);
  });
}

void Dialer::StartNext() {
  int error = UV_EINVAL;
  while (begun_ < config_.targets.size()) {
    error = StartAttempt(begun_++);
    if (error == 0) {
      if (begun_ < config_.targets.size()) next_attempt_.Start(config_.attempt_delay);
      return;
    }
  }
  if (running_.empty()) failed_(error);
}

// Returns libuv's error number or 0. Throws nothing: libuv's frames are below.
int Dialer::StartAttempt(std::size_t target) {
  Attempt* attempt = nullptr;
  try {
    auto handle = std::make_unique<uv_tcp_t>();
    attempt = new Attempt{.dialer = this, .target = target};
    attempt->handle = handle.release();
  } catch (const std::bad_alloc&) {
    return UV_ENOMEM;
  }
  uv_tcp_init(loop_, attempt->handle);
  running_.push_back(attempt);  // there is room for all
  const int error = Connect(*attempt);
  if (error != 0) Abandon(attempt);
  return error;
}

int Dialer::Connect(Attempt& attempt) {
  const DialTarget& target = config_.targets[attempt.target];
  sockaddr_storage remote{};
  if (int error = FromText(target.address, target.port, remote)) return error;
  if (!config_.local_address.empty()) {
    sockaddr_storage local{};
    if (int error = FromText(config_.local_address, 0, local)) return error;
    if (int error = uv_tcp_bind(attempt.handle, reinterpret_cast<sockaddr*>(&local), 0)) return error;
  }
  attempt.request.data = &attempt;
  return uv_tcp_connect(&attempt.request, attempt.handle, reinterpret_cast<sockaddr*>(&remote),
                        [](uv_connect_t* request, int status) {
                          auto* done = static_cast<Attempt*>(request->data);
                          if (done->dialer != nullptr) done->dialer->OnConnect(done, status);
                        });
}

void Dialer::OnConnect(Attempt* attempt, int status) {
  if (status == 0) {
    std::erase(running_, attempt);
    Cancel();
    TcpHandle handle(attempt->handle);
    const std::size_t target = attempt->target;
    delete attempt;
    (void)uv_tcp_nodelay(handle.get(), config_.no_delay ? 1 : 0);
    connected_(std::move(handle), target);
    return;
  }
  Abandon(attempt);
  if (begun_ < config_.targets.size()) {
    next_attempt_.Stop();
    StartNext();
  } else if (running_.empty()) {
    failed_(status);
  }
}

}  // namespace hawser::reader
