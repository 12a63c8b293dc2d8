// The race for a connection (RFC 8305 §5), against ports and paths that accept, refuse or stay silent; and how the
// winner is set.
#include "reader/dialer.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "reader/socket_address.h"
#include "test/support/reader/scripted_peer.h"
#include "test/support/reader/socket.h"
#include "test/support/reader/test_loop.h"

namespace hawser::reader {
namespace {

using test::BlackHole;
using test::Count;
using test::Patience;
using test::Peer;
using test::RefusingPort;
using test::ScriptedPeer;
using test::Since;
using test::SocketPath;
using test::Units;

DialTarget At(int port) { return {.address = "127.0.0.1", .port = port, .path = ""}; }
DialTarget AtPath(const std::string& path) { return {.address = "", .port = 0, .path = path}; }

// A port of 127.0.0.1 that was free a moment ago.
int FreePort() { return PortOf(test::BoundSocket()); }

int OptionOf(int socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  CHECK(::getsockopt(socket, level, name, &value, &size) == 0);
  return value;
}
int OptionOf(const uv_stream_t& stream, int level, int name) {
  uv_os_fd_t socket = -1;
  CHECK(uv_fileno(reinterpret_cast<const uv_handle_t*>(&stream), &socket) == 0);
  return OptionOf(socket, level, name);
}

// One dial and what came of it.
class Race {
 public:
  explicit Race(std::vector<DialTarget> targets, test::Milliseconds attempt_delay = Patience())
      : config{.targets = std::move(targets), .attempt_delay = Count(attempt_delay), .local_address = ""} {}
  void Start() { dialer.Start(); }
  void Run() {
    Start();
    RunOn();
  }
  void RunOn() {
    CHECK(loop.RunUntil([this] { return calls > 0; }));
  }

  test::TestLoop loop;
  DialConfig config;
  std::optional<std::size_t> winner;
  std::optional<int> error;
  int calls = 0;
  StreamHandle handle;
  test::Clock::time_point started = test::Clock::now();
  Dialer dialer{loop.uv(), config,
                [this](StreamHandle connected, std::size_t target) {
                  ++calls;
                  handle = std::move(connected);
                  winner = target;
                },
                [this](int failure) {
                  ++calls;
                  error = failure;
                }};
};

void AcceptAndWait(Peer& peer) {
  peer.Accept();
  peer.ReadToEnd();
}

TEST_CASE("a lone address that accepts wins") {
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(peer.port())});
  race.Run();
  CHECK(race.winner == 0);
  CHECK(race.calls == 1);
}

TEST_CASE("a refusal starts the next attempt at once") {
  const RefusingPort refusing;
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(refusing.port()), At(peer.port())});
  race.Run();
  CHECK(race.winner == 1);
  CHECK(Since(race.started) < Patience());
}

TEST_CASE("silence starts the next attempt after the attempt delay, not before") {
  const BlackHole silent;
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(silent.port()), At(peer.port())}, Units(5));
  race.Run();
  CHECK(race.winner == 1);
  CHECK(Since(race.started) >= Units(5) - test::Milliseconds(1));
}

TEST_CASE("an attempt that was overtaken by the next goes on, and wins if it connects first") {
  BlackHole slow;
  const BlackHole silent;
  Race race({At(slow.port()), At(silent.port())}, Units(1));
  race.Start();
  race.loop.RunFor(Units(3));
  slow.Open();
  race.RunOn();
  CHECK(race.winner == 0);
}

TEST_CASE("a refusal while an earlier attempt is running does not end the race") {
  BlackHole slow;
  const RefusingPort refusing;
  Race race({At(slow.port()), At(refusing.port())}, Units(1));
  race.Start();
  race.loop.RunFor(Units(3));
  CHECK(race.calls == 0);
  slow.Open();
  race.RunOn();
  CHECK(race.winner == 0);
}

TEST_CASE("when all are refused the last error is told, once") {
  const RefusingPort first;
  const RefusingPort second;
  Race race({At(first.port()), At(second.port())});
  race.Run();
  CHECK(race.error == UV_ECONNREFUSED);
  CHECK(race.calls == 1);
  CHECK_FALSE(race.winner);
}

TEST_CASE("what is not a numeric address is passed over") {
  ScriptedPeer peer(AcceptAndWait);
  Race race({{.address = "localhost", .port = 80, .path = ""},
             {.address = "1:2:3", .port = 80, .path = ""},
             At(peer.port())});
  race.Run();
  CHECK(race.winner == 2);
}

TEST_CASE("no address at all is an error at once") {
  Race race({});
  race.Start();
  CHECK(race.error == UV_EINVAL);
}

TEST_CASE("a local address is bound to") {
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(peer.port())});
  race.config.local_address = "127.0.0.2";
  race.Run();
  REQUIRE(race.handle != nullptr);
  CHECK(LocalAddressOf(*race.handle).address == "127.0.0.2");
}

TEST_CASE("a local address of the other family is an error") {
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(peer.port())});
  race.config.local_address = "::1";
  race.Run();
  CHECK(race.error.value_or(0) < 0);
}

TEST_CASE("a local port is bound to, at any address of the target's family") {
  ScriptedPeer peer(AcceptAndWait);
  const int port = FreePort();
  Race race({At(peer.port())});
  race.config.local_port = port;
  race.Run();
  REQUIRE(race.handle != nullptr);
  CHECK(LocalAddressOf(*race.handle).port == port);
  CHECK(LocalAddressOf(*race.handle).address == "127.0.0.1");
}

TEST_CASE("a local port is bound to at the local address") {
  ScriptedPeer peer(AcceptAndWait);
  const int port = FreePort();
  Race race({At(peer.port())});
  race.config.local_address = "127.0.0.3";
  race.config.local_port = port;
  race.Run();
  REQUIRE(race.handle != nullptr);
  CHECK(LocalAddressOf(*race.handle).port == port);
  CHECK(LocalAddressOf(*race.handle).address == "127.0.0.3");
}

TEST_CASE("attempts that run side by side share the local port") {
  const BlackHole silent;
  ScriptedPeer peer(AcceptAndWait);
  const int port = FreePort();
  Race race({At(silent.port()), At(peer.port())}, Units(1));
  race.config.local_port = port;
  race.Run();
  CHECK(race.winner == 1);
  REQUIRE(race.handle != nullptr);
  CHECK(LocalAddressOf(*race.handle).port == port);
}

TEST_CASE("a local port that somebody listens at is an error") {
  ScriptedPeer peer([](Peer&) {});
  ScriptedPeer other([](Peer&) {});
  Race race({At(peer.port())});
  race.config.local_port = other.port();
  race.Run();
  CHECK(race.error == UV_EADDRINUSE);
}

TEST_CASE("small writes go out at once where that is wanted") {
  for (const bool wanted : {true, false}) {
    ScriptedPeer peer(AcceptAndWait);
    Race race({At(peer.port())});
    race.config.no_delay = wanted;
    race.Run();
    REQUIRE(race.handle != nullptr);
    CHECK(OptionOf(*race.handle, IPPROTO_TCP, TCP_NODELAY) == (wanted ? 1 : 0));
  }
}

TEST_CASE("TCP keep-alive is off unless it is wanted") {
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(peer.port())});
  race.Run();
  REQUIRE(race.handle != nullptr);
  CHECK(OptionOf(*race.handle, SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("TCP keep-alive begins after whole seconds, rounded up") {
  for (const auto& [milliseconds, seconds] : {std::pair{1, 1}, {1000, 1}, {1001, 2}, {60'000, 60}}) {
    ScriptedPeer peer(AcceptAndWait);
    Race race({At(peer.port())});
    race.config.keep_alive = true;
    race.config.keep_alive_delay = static_cast<std::uint64_t>(milliseconds);
    race.Run();
    REQUIRE(race.handle != nullptr);
    CHECK(OptionOf(*race.handle, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(OptionOf(*race.handle, IPPROTO_TCP, TCP_KEEPIDLE) == seconds);
  }
}

TEST_CASE("TCP keep-alive without a delay begins when the system likes") {
  const test::Socket untouched(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(peer.port())});
  race.config.keep_alive = true;
  race.Run();
  REQUIRE(race.handle != nullptr);
  CHECK(OptionOf(*race.handle, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(OptionOf(*race.handle, IPPROTO_TCP, TCP_KEEPIDLE) == OptionOf(untouched.get(), IPPROTO_TCP, TCP_KEEPIDLE));
}

TEST_CASE("a socket with a path is connected to, whatever TCP is told") {
  const SocketPath path;
  ScriptedPeer peer(path, AcceptAndWait);
  Race race({AtPath(path.text())});
  race.config.local_address = "127.0.0.2";
  race.config.local_port = 1;
  race.config.keep_alive = true;
  race.Run();
  CHECK(race.winner == 0);
  REQUIRE(race.handle != nullptr);
  CHECK(race.handle->type == UV_NAMED_PIPE);
}

TEST_CASE("a path where there is nothing is an error") {
  const SocketPath path;
  Race race({AtPath(path.text())});
  race.Run();
  CHECK(race.error == UV_ENOENT);
}

TEST_CASE("a path where nobody listens any more is an error") {
  const SocketPath path;
  path.Bind().Close();
  Race race({AtPath(path.text())});
  race.Run();
  CHECK(race.error == UV_ECONNREFUSED);
}

TEST_CASE("a path longer than the system takes is an error, and not cut") {
  const SocketPath path;
  ScriptedPeer peer(path, [](Peer&) {});
  Race race({AtPath(path.text() + std::string(200, 'x'))});
  race.Run();
  CHECK(race.error == UV_ENAMETOOLONG);
}

TEST_CASE("a path after one that fails is tried") {
  const SocketPath missing;
  const SocketPath path;
  ScriptedPeer peer(path, AcceptAndWait);
  Race race({AtPath(missing.text()), AtPath(path.text())});
  race.Run();
  CHECK(race.winner == 1);
}

TEST_CASE("a race for a path that is called off at once tells nothing") {
  const SocketPath path;
  ScriptedPeer peer(path, [](Peer&) {});
  Race race({AtPath(path.text())});
  race.Start();
  race.dialer.Cancel();
  race.loop.RunFor(Units(1));
  CHECK(race.calls == 0);
}

TEST_CASE("the losers are closed") {
  const BlackHole silent;
  ScriptedPeer peer(AcceptAndWait);
  Race race({At(silent.port()), At(peer.port())}, Units(1));
  race.Run();
  int handles = 0;
  race.loop.RunFor(Units(1));
  uv_walk(
      race.loop.uv(),
      [](uv_handle_t* handle, void* count) { *static_cast<int*>(count) += handle->type == UV_TCP ? 1 : 0; }, &handles);
  CHECK(handles == 1);
}

TEST_CASE("a race that is called off tells nothing") {
  const BlackHole silent;
  const BlackHole as_silent;
  ScriptedPeer peer([](Peer&) {});
  Race race({At(silent.port()), At(as_silent.port()), At(peer.port())}, Units(2));
  race.Start();
  race.loop.RunFor(Units(3));
  race.dialer.Cancel();
  race.loop.RunFor(Units(5));
  CHECK(race.calls == 0);
}

TEST_CASE("a race that is called off at once tells nothing") {
  ScriptedPeer peer([](Peer&) {});
  Race race({At(peer.port())});
  race.Start();
  race.dialer.Cancel();
  race.loop.RunFor(Units(1));
  CHECK(race.calls == 0);
}

}  // namespace
}  // namespace hawser::reader
