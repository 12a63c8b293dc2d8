#include "test/support/reader/socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "test/support/reader/times.h"

namespace hawser::test {
namespace {

[[noreturn]] void Throw(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

Socket BoundSocket() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) Throw("socket");
  const sockaddr_in address = Loopback(0);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Throw("bind");
  return socket;
}

int PortOf(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) Throw("getsockname");
  return ntohs(address.sin_port);
}

SocketPath::SocketPath() : folder_("/tmp/hawser-XXXXXX") {
  if (::mkdtemp(folder_.data()) == nullptr) Throw("mkdtemp");
  path_ = folder_ + "/s";
}

SocketPath::~SocketPath() {
  (void)::unlink(path_.c_str());
  (void)::rmdir(folder_.c_str());
}

Socket SocketPath::Bind() const {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) Throw("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Throw("bind");
  return socket;
}

RefusingPort::RefusingPort() : socket_(BoundSocket()), port_(PortOf(socket_)) {}

// A backlog of 0 holds one connection.
BlackHole::BlackHole() : listener_(BoundSocket()), port_(PortOf(listener_)) {
  if (::listen(listener_.get(), 0) != 0) Throw("listen");
  filling_ = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port_);
  if (::connect(filling_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Throw("connect");
  pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(Patience().count())) != 1) Throw("poll");
}

void BlackHole::Open() {
  const Socket accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (accepted.get() < 0) Throw("accept");
}

}  // namespace hawser::test
