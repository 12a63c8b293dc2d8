// Races connection attempts to a list of addresses or paths (RFC 8305 §5): a new one starts when the attempt delay has
// passed or as soon as an attempt fails, and those begun keep running until one wins. Reader thread.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reader/stream_handle.h"
#include "reader/timer.h"

namespace hawser::reader {

// A numeric address with its port, or the path of a socket.
struct DialTarget {
  std::string address;
  int port = 0;
  std::string path;  // of a Unix domain socket or a named pipe of Windows; the rest counts where it is empty
};

// All but the first two are TCP's, and mean nothing to sockets with a path.
struct DialConfig {
  std::vector<DialTarget> targets;    // in the order of the attempts
  std::uint64_t attempt_delay = 250;  // milliseconds
  std::string local_address;          // empty: any
  int local_port = 0;                 // 0: any
  bool no_delay = true;
  bool keep_alive = false;
  std::uint64_t keep_alive_delay = 0;  // milliseconds before the first probe; 0: the system's
};

class Dialer {
 public:
  // Called once each at most, and never both: the connected handle and which target it is; or the error of the last
  // attempt that failed. They must not throw.
  using Connected = std::function<void(StreamHandle, std::size_t)>;
  using Failed = std::function<void(int)>;

  Dialer(uv_loop_t* loop, const DialConfig& config, Connected connected, Failed failed);
  ~Dialer() { Cancel(); }
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  void Start() { StartNext(); }
  // Neither callback comes after this.
  void Cancel();

 private:
  struct Attempt;

  void StartNext();
  int StartAttempt(std::size_t target);
  int Connect(Attempt& attempt);
  static void OnConnected(uv_connect_t* request, int status);
  int ConnectTcp(Attempt& attempt);
  int ConnectPipe(Attempt& attempt);
  int BindLocally(uv_tcp_t* handle, int family) const;
  void SetOptions(uv_stream_t* stream) const;
  void OnConnect(Attempt* attempt, int status);
  void Abandon(Attempt* attempt);

  uv_loop_t* loop_;
  const DialConfig& config_;
  Connected connected_;
  Failed failed_;
  Timer next_attempt_;
  std::vector<Attempt*> running_;
  std::size_t begun_ = 0;
};

}  // namespace hawser::reader
