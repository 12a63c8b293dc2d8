// A byte stream that is connected: what a session reads from and writes to. A socket, or TLS over another transport.
// Owned by its session; everything here happens on the reader thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/output_queue.h"
#include "reader/notice.h"

namespace hawser::reader {

// Implemented by the session, and by what stands between it and a socket. No function here may throw: libuv's frames
// are below.
class TransportListener {
 public:
  // Where the next bytes go; never empty. OnRead follows with how many came, if any did.
  virtual std::span<std::uint8_t> ReadTarget() noexcept = 0;
  virtual void OnRead(std::size_t size) noexcept = 0;
  virtual void OnEndOfStream() noexcept = 0;
  // TLS only: the stream beneath has ended without the peer's close_notify.
  virtual void OnTruncated() noexcept = 0;
  // TLS only: it has failed, or the peer has sent an alert, in OpenSSL's words. What the transport had to say to the
  // peer about that is written, or waits to be. Reading on discards what comes up to the end of the stream.
  virtual void OnTlsError(const std::string& words) noexcept = 0;
  // libuv's negative error numbers. After a write error nothing more is written, but reading goes on: what the
  // peer sent before is still in the socket.
  virtual void OnReadError(int error) noexcept = 0;
  virtual void OnWriteError(int error) noexcept = 0;
  // Application bytes of the output queue that are now the network's. What is appended to the queue in here is written
  // as well.
  virtual void OnWritten(std::size_t payload) noexcept = 0;
  // The socket is closed; the transport may be destroyed.
  virtual void OnClosed() noexcept = 0;

 protected:
  ~TransportListener() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // From here on this one listens. Not from inside a call of the listener before.
  virtual void SetListener(TransportListener& listener) = 0;

  virtual void StartReading() = 0;
  virtual void StopReading() = 0;
  // Writes what stands in `output`, now as far as the network takes it and the rest as it does. The queue must
  // outlive the transport; call again after appending.
  virtual void Write(core::OutputQueue& output) = 0;
  // Whether it has taken bytes out of that queue that are not the network's yet.
  virtual bool HoldsOutput() { return false; }
  // Half-closes once all that was given to Write is written.
  virtual void ShutDown() = 0;
  // Whether bytes have arrived that nobody has read.
  virtual bool HasUnreadBytes() = 0;
  // Once; OnClosed follows.
  virtual void Close() = 0;

  virtual SocketAddress LocalAddress() = 0;
  virtual SocketAddress RemoteAddress() = 0;
};

}  // namespace hawser::reader
