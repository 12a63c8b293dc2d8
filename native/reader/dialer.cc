#include "reader/dialer.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#if defined(_WIN32)
#include <winsock2.h>
#else
#include <sys/socket.h>
#endif

#include "reader/socket_address.h"

namespace hawser::reader {

namespace {

// Of uv_tcp_keepalive some versions refuse a delay of 0 and some set it; here the system's is left as it is.
int KeepAliveAsTheSystemDoes(uv_tcp_t* handle) {
  uv_os_fd_t socket{};
  if (const int error = uv_fileno(reinterpret_cast<uv_handle_t*>(handle), &socket)) return error;
  const int on = 1;
#if defined(_WIN32)
  const auto own = reinterpret_cast<SOCKET>(socket);
  return setsockopt(own, SOL_SOCKET, SO_KEEPALIVE, reinterpret_cast<const char*>(&on), sizeof on);
#else
  return setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#endif
}

}  // namespace

// An attempt frees itself when libuv is done with it, which may be after the dialer is gone: `dialer` is then null.
struct Dialer::Attempt {
  uv_stream_t* handle = nullptr;
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
    DeleteStreamHandle(handle);
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
  const bool tcp = config_.targets[target].path.empty();
  Attempt* attempt = nullptr;
  try {
    auto owned = std::make_unique<Attempt>(Attempt{.dialer = this, .target = target});
    owned->handle = tcp ? reinterpret_cast<uv_stream_t*>(new uv_tcp_t) : reinterpret_cast<uv_stream_t*>(new uv_pipe_t);
    attempt = owned.release();
  } catch (const std::bad_alloc&) {
    return UV_ENOMEM;
  }
  if (tcp) {
    uv_tcp_init(loop_, reinterpret_cast<uv_tcp_t*>(attempt->handle));
  } else {
    uv_pipe_init(loop_, reinterpret_cast<uv_pipe_t*>(attempt->handle), 0);
  }
  running_.push_back(attempt);  // there is room for all
  const int error = Connect(*attempt);
  if (error != 0) Abandon(attempt);
  return error;
}

int Dialer::Connect(Attempt& attempt) {
  attempt.request.data = &attempt;
  return config_.targets[attempt.target].path.empty() ? ConnectTcp(attempt) : ConnectPipe(attempt);
}

int Dialer::ConnectTcp(Attempt& attempt) {
  const DialTarget& target = config_.targets[attempt.target];
  auto* handle = reinterpret_cast<uv_tcp_t*>(attempt.handle);
  sockaddr_storage remote{};
  if (int error = FromText(target.address, target.port, remote)) return error;
  if (int error = BindLocally(handle, remote.ss_family)) return error;
  return uv_tcp_connect(&attempt.request, handle, reinterpret_cast<sockaddr*>(&remote), OnConnected);
}

int Dialer::ConnectPipe(Attempt& attempt) {
  const std::string& path = config_.targets[attempt.target].path;
  auto* handle = reinterpret_cast<uv_pipe_t*>(attempt.handle);
  if (int error = CheckSocketPath(path)) return error;
#if UV_VERSION_HEX >= 0x012E00
  return uv_pipe_connect2(&attempt.request, handle, path.data(), path.size(), UV_PIPE_NO_TRUNCATE, OnConnected);
#else
  // This libuv ends names at a NUL; Node's is newer.
  if (path.front() == '\0') return UV_ENOTSUP;
  uv_pipe_connect(&attempt.request, handle, path.c_str(), OnConnected);
  return 0;
#endif
}

// A port without an address is bound to at the address of the family that stands for any. Since libuv's sockets may
// share a port until one is connected to the same address, attempts at several addresses may run side by side.
int Dialer::BindLocally(uv_tcp_t* handle, int family) const {
  if (config_.local_address.empty() && config_.local_port == 0) return 0;
  const std::string any = family == AF_INET6 ? "::" : "0.0.0.0";
  sockaddr_storage local{};
  const std::string& address = config_.local_address.empty() ? any : config_.local_address;
  if (int error = FromText(address, config_.local_port, local)) return error;
  return uv_tcp_bind(handle, reinterpret_cast<sockaddr*>(&local), 0);
}

// What fails here costs speed or notice of a dead peer, not the connection.
void Dialer::SetOptions(uv_stream_t* stream) const {
  if (stream->type != UV_TCP) return;
  auto* handle = reinterpret_cast<uv_tcp_t*>(stream);
  (void)uv_tcp_nodelay(handle, config_.no_delay ? 1 : 0);
  if (!config_.keep_alive) return;
  if (config_.keep_alive_delay == 0) {
    (void)KeepAliveAsTheSystemDoes(handle);
  } else {
    constexpr std::uint64_t kMillisecondsPerSecond = 1000;
    const std::uint64_t seconds = (config_.keep_alive_delay + kMillisecondsPerSecond - 1) / kMillisecondsPerSecond;
    (void)uv_tcp_keepalive(handle, 1, static_cast<unsigned>(seconds));
  }
}

void Dialer::OnConnected(uv_connect_t* request, int status) {
  auto* done = static_cast<Attempt*>(request->data);
  if (done->dialer != nullptr) done->dialer->OnConnect(done, status);
}

void Dialer::OnConnect(Attempt* attempt, int status) {
  if (status == 0) {
    std::erase(running_, attempt);
    Cancel();
    StreamHandle handle(attempt->handle);
    const std::size_t target = attempt->target;
    delete attempt;
    SetOptions(handle.get());
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
