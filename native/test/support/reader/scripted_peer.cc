#include "test/support/reader/scripted_peer.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace hawser::test {
namespace {

// Thrown out of a step when the test is over before its script.
struct Stopped {};

[[noreturn]] void Fail(const char* step, const std::string& what) {
  throw std::runtime_error(std::string("peer: ") + step + ": " + what);
}

[[noreturn]] void FailWithErrno(const char* step) { Fail(step, std::generic_category().message(errno)); }

}  // namespace

short Peer::Await(const Socket& socket, short events, Milliseconds patience) {
  std::array<pollfd, 2> polled{};
  polled[0] = {.fd = socket.get(), .events = events, .revents = 0};
  polled[1] = {.fd = stop_.get(), .events = POLLIN, .revents = 0};
  (void)::poll(polled.data(), polled.size(), static_cast<int>(patience.count()));
  if (polled[1].revents != 0) throw Stopped();
  return polled[0].revents;
}

short Peer::AwaitOrThrow(const Socket& socket, short events, const char* step) {
  const short revents = Await(socket, events, Patience());
  if (revents == 0) Fail(step, "nothing happened in time");
  return revents;
}

void Peer::Accept() {
  (void)AwaitOrThrow(listener_, POLLIN, "accept");
  connection_ = Socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection_.get() < 0) FailWithErrno("accept");
  buffer_.clear();
}

void Peer::AcceptWebSocket() {
  Accept();
  (void)ReadHead();
  Send(kResponseHead);
}

void Peer::AcceptWithSmallBuffer() {
  Accept();
  const int least = 1;
  if (::setsockopt(connection_.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least) != 0) FailWithErrno("small buffer");
}

bool Peer::ReadMore(const char* step) {
  std::array<char, std::size_t{64} << 10> chunk;  // NOLINT(*-member-init): read fills it
  for (;;) {
    const ssize_t size = ::recv(connection_.get(), chunk.data(), chunk.size(), 0);
    if (size > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    if (size >= 0) return size > 0;
    if (errno != EAGAIN) FailWithErrno(step);
    (void)AwaitOrThrow(connection_, POLLIN, step);
  }
}

std::string Peer::Take(std::size_t size, const char* step) {
  while (buffer_.size() < size) {
    if (!ReadMore(step)) Fail(step, "the stream ended after " + std::to_string(buffer_.size()) + " bytes");
  }
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return taken;
}

std::string Peer::ReadHead() {
  constexpr std::string_view kEmptyLine = "\r\n\r\n";
  std::size_t end = buffer_.find(kEmptyLine);
  while (end == std::string::npos) {
    if (!ReadMore("read head")) Fail("read head", "the stream ended");
    end = buffer_.find(kEmptyLine);
  }
  return Take(end + kEmptyLine.size(), "read head");
}

std::string Peer::ReadSome() {
  if (buffer_.empty()) (void)ReadMore("read some");
  return std::exchange(buffer_, {});
}

SentFrame Peer::ReadFrame() {
  return ReadFrameBy([this](std::size_t size) { return Take(size, "read frame"); });
}

SentFrame ReadFrameBy(const std::function<std::string(std::size_t)>& take) {
  constexpr std::size_t kKey = 4;
  std::string frame = take(2);
  std::size_t length = static_cast<std::uint8_t>(frame[1]) & 0x7FU;
  if (length >= 126) {
    const std::string extended = take(length == 126 ? 2 : 8);
    length = 0;
    for (const char byte : extended) length = length << 8 | static_cast<std::uint8_t>(byte);
    frame += extended;
  }
  frame += take(kKey + length);
  return ReadClientFrames(frame).at(0);
}

void Peer::Expect(const SentFrame& frame) {
  const SentFrame read = ReadFrame();
  if (read != frame) {
    Fail("expect",
         doctest::toString(frame).c_str() + std::string(" expected, ") + doctest::toString(read).c_str() + " came");
  }
}

void Peer::ExpectEndOfStream() {
  if (!buffer_.empty() || ReadMore("expect end of stream")) {
    Fail("expect end of stream", std::to_string(buffer_.size()) + " bytes came");
  }
}

void Peer::ReadToEnd() {
  try {
    do buffer_.clear();
    while (ReadMore("read to end"));
  } catch (const std::runtime_error&) {
    if (errno != ECONNRESET) throw;
  }
}

std::size_t Peer::SendSome(std::string_view bytes) {
  const ssize_t sent = ::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) FailWithErrno("send");
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void Peer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(SendSome(bytes));
    if (!bytes.empty()) (void)AwaitOrThrow(connection_, POLLOUT, "send");
  }
}

void Peer::SendWhileReading(std::string_view bytes) {
  while (!bytes.empty()) {
    const short ready = AwaitOrThrow(connection_, POLLIN | POLLOUT, "send while reading");
    if ((ready & POLLIN) != 0 && !ReadMore("send while reading")) Fail("send while reading", "the stream ended");
    bytes.remove_prefix(SendSome(bytes));
  }
}

void Peer::SendUntilReset(std::string_view bytes) {
  const auto started = Clock::now();
  try {
    while (Since(started) < Patience()) Send(bytes);
  } catch (const std::runtime_error&) {
    if (errno == ECONNRESET || errno == EPIPE) return;
    throw;
  }
  Fail("send until reset", "the client goes on reading");
}

std::size_t Peer::SendUntilStuck(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && Await(connection_, POLLOUT, Medium()) != 0) sent += SendSome(bytes.substr(sent));
  return sent;
}

void Peer::HalfClose() {
  if (::shutdown(connection_.get(), SHUT_WR) != 0) FailWithErrno("half-close");
}

void Peer::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (::setsockopt(connection_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0) FailWithErrno("reset");
  connection_.Close();
}

void Peer::Delay(Milliseconds time) { (void)Await(stop_, POLLIN, time); }

ScriptedPeer::ScriptedPeer(std::function<void(Peer&)> script) : ScriptedPeer(BoundSocket(), -1, std::move(script)) {}

ScriptedPeer::ScriptedPeer(const SocketPath& path, std::function<void(Peer&)> script)
    : ScriptedPeer(path.Bind(), 0, std::move(script)) {}

ScriptedPeer::ScriptedPeer(Socket bound, int port, std::function<void(Peer&)> script)
    : script_(std::move(script)),
      listener_(std::move(bound)),
      port_(port < 0 ? PortOf(listener_) : port),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  REQUIRE(::listen(listener_.get(), SOMAXCONN) == 0);
  thread_ = std::thread([this] { Run(); });
}

ScriptedPeer::~ScriptedPeer() {
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  Join();
}

void ScriptedPeer::Join() {
  if (!thread_.joinable()) return;
  thread_.join();
  CHECK_MESSAGE(!failure_, failure_.value_or(""));
}

void ScriptedPeer::Run() {
  Peer peer(listener_, stop_);
  try {
    script_(peer);
  } catch (const Stopped&) {
    return;
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
}

}  // namespace hawser::test
