// Races connection attempts to a list of addresses (RFC 8305 §5): a new one starts when the attempt delay has passed
// or as soon as an attempt fails, and those begun keep running until one wins. Reader thread.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reader/tcp_handle.h"
#include "reader/timer.h"

namespace hawser::reader {

struct DialTarget {
  std::string address;
  int port = 0;
};

struct DialConfig {
  std::vector<DialTarget> targets;    // in the order of the attempts
  std::uint64_t attempt_delay = 250;  // milliseconds
  std::string local_address;          // empty: any
  bool no_delay = true;
};

class Dialer {
 public:
  // Called once each at most, and never both: the connected handle and which target it is; or the error of the last
  // attempt that failed. They must not throw.
  using Connected = std::function<void(TcpHandle, std::size_t)>;
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
