// One owner of a descriptor, and the sockets that tests connect to: on 127.0.0.1, and with a path.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

namespace hawser::test {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { Close(); }

  int get() const { return descriptor_; }
  void Close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_ = -1;
};

// A non-blocking TCP socket, bound to a free port of 127.0.0.1. Throws std::system_error.
Socket BoundSocket();
int PortOf(const Socket& socket);

// A path for a Unix domain socket, in a folder of its own that goes with it. Throws std::system_error.
class SocketPath {
 public:
  SocketPath();
  ~SocketPath();
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;

  const std::string& text() const { return path_; }
  // A non-blocking socket that is bound to it. Once only.
  Socket Bind() const;

 private:
  std::string folder_;
  std::string path_;
};

// A port at which connections are refused.
class RefusingPort {
 public:
  RefusingPort();
  int port() const { return port_; }

 private:
  Socket socket_;  // bound, so that nobody else gets the port, but not listening
  int port_;
};

// A port at which connecting neither succeeds nor fails: its backlog is full, and so its packets are dropped.
class BlackHole {
 public:
  BlackHole();
  int port() const { return port_; }
  // Makes room. The client's next attempt succeeds, about a second after its first.
  void Open();

 private:
  Socket listener_;
  int port_;
  Socket filling_;
};

}  // namespace hawser::test
