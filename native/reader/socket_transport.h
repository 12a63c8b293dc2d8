// A connected TCP or Unix domain socket, or a named pipe of Windows, as a transport. Reader thread.
#pragma once

#include <uv.h>

#include <array>
#include <memory>

#include "reader/stream_handle.h"
#include "reader/transport.h"

namespace hawser::reader {

class SocketTransport final : public Transport {
 public:
  // Takes over a connected handle.
  SocketTransport(StreamHandle handle, TransportListener& listener);
  ~SocketTransport() override;
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  void SetListener(TransportListener& listener) override { listener_ = &listener; }
  void StartReading() override;
  void StopReading() override;
  void Write(core::OutputQueue& output) override;
  void ShutDown() override;
  bool HasUnreadBytes() override;
  void Close() override;
  SocketAddress LocalAddress() override;
  SocketAddress RemoteAddress() override;

 private:
  // How many pieces, of up to 64 KiB or one big payload each, go to the kernel at once: more would delay pongs and
  // coarsen bufferedAmount.
  static constexpr std::size_t kPieces = 4;

  int PendingError();
  void WriteWhenWritable();
  void FailWriting(int error);
  void MaybeShutDown();

  uv_stream_t* handle_;
  TransportListener* listener_;
  core::OutputQueue* output_ = nullptr;
  uv_write_t write_{};
  uv_shutdown_t shutdown_{};
  std::size_t writing_ = 0;  // bytes of `output_` that libuv holds
  bool write_failed_ = false;
  bool shutdown_wanted_ = false;
  bool closed_ = false;
};

}  // namespace hawser::reader
