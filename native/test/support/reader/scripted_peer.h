// A raw server, of TCP or at a path, that speaks WebSocket exactly as a script tells it, on a thread of its own. A
// script is a function of blocking steps; each throws if it is not done in time, so that no script runs for ever.
//
//   ScriptedPeer peer([](Peer& p) {
//     p.AcceptWebSocket();
//     p.Send(ServerFrame(0x81, "hello"));
//     p.ReadToEnd();
//   });
#pragma once

#include <poll.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "test/support/client_frames.h"
#include "test/support/reader/socket.h"
#include "test/support/reader/times.h"

namespace hawser::test {

// What AcceptWebSocket answers, and Application::Open expects.
inline constexpr std::string_view kResponseHead = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

// A frame out of what `take` gives, which is exactly so many bytes of the stream.
SentFrame ReadFrameBy(const std::function<std::string(std::size_t)>& take);

// The peer as its script sees it: a listening socket and the connection accepted last. Script's thread. All steps
// throw std::runtime_error.
class Peer {
 public:
  // A step gives up as soon as there is something to read at `stop`.
  Peer(const Socket& listener, const Socket& stop) : listener_(listener), stop_(stop) {}

  // Waits for a connection, which replaces the one before.
  void Accept();
  // Accepts, reads the request's head and answers.
  void AcceptWebSocket();
  // As Accept, with a send buffer as small as the system allows, so that the peer soon sees when nobody reads.
  void AcceptWithSmallBuffer();

  // All up to and including the empty line.
  std::string ReadHead();
  SentFrame ReadFrame();
  // Reads a frame, which must be this one.
  void Expect(const SentFrame& frame);
  // Waits for the client's end of stream, with nothing before it.
  void ExpectEndOfStream();
  // Waits until there is something to read, and leaves it there.
  void ExpectUnread() { (void)AwaitOrThrow(connection_, POLLIN, "expect unread"); }
  // What has come, waiting for some; empty at the end of the stream.
  std::string ReadSome();
  // Reads and forgets so many bytes.
  void Skip(std::size_t size) { (void)Take(size, "skip"); }
  // Reads and forgets everything until the client's end of stream or reset.
  void ReadToEnd();

  void Send(std::string_view bytes);
  // As Send, but keeps what arrives meanwhile for later steps, so that neither side blocks the other.
  void SendWhileReading(std::string_view bytes);
  // Sends the bytes again and again until the client has reset the connection.
  void SendUntilReset(std::string_view bytes);
  // Sends until the client has not taken a byte for a while; returns how many it took.
  std::size_t SendUntilStuck(std::string_view bytes);

  // Sends the end of stream and goes on reading.
  void HalfClose();
  void Reset();
  void Close() { connection_.Close(); }

  void Delay(Milliseconds time);

 private:
  // What poll says about the connection or the listener; 0 after `patience`.
  short Await(const Socket& socket, short events, Milliseconds patience);
  short AwaitOrThrow(const Socket& socket, short events, const char* step);
  // Adds what has arrived to the buffer; false at the end of the stream. Waits if nothing has.
  bool ReadMore(const char* step);
  std::string Take(std::size_t size, const char* step);
  // Sends what the network takes now.
  std::size_t SendSome(std::string_view bytes);

  const Socket& listener_;
  const Socket& stop_;
  Socket connection_;
  std::string buffer_;  // read and not yet asked for
};

class ScriptedPeer {
 public:
  // Listens at once, and starts the script.
  explicit ScriptedPeer(std::function<void(Peer&)> script);
  // At a socket that is bound to a path.
  ScriptedPeer(const SocketPath& path, std::function<void(Peer&)> script);
  // Ends the script where it is. Fails the test if a step has failed.
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  // 0 at a path.
  int port() const { return port_; }
  // Waits until the script is over. Fails the test if a step has failed.
  void Join();

 private:
  ScriptedPeer(Socket bound, int port, std::function<void(Peer&)> script);
  void Run();

  std::function<void(Peer&)> script_;
  Socket listener_;
  int port_;
  Socket stop_;
  std::optional<std::string> failure_;  // the script's until it is joined
  std::thread thread_;
};

}  // namespace hawser::test
