#include "reader/socket_transport.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

#if defined(_WIN32)
#include <winsock2.h>
#else
#include <sys/ioctl.h>
#include <sys/socket.h>
#endif

#include "reader/socket_address.h"

namespace hawser::reader {

namespace {

// How many bytes one call reads or writes at most. Payloads may be larger than libuv's sizes can say; and a reader has
// more to do than to write to a peer that is as fast.
constexpr std::size_t kMaxTransfer = std::size_t{2} << 20;

// And at most while the kernel takes no more at once: so much is written whole before anybody hears of it, and whoever
// waits for progress should.
constexpr std::size_t kMaxWaiting = std::size_t{128} << 10;

SocketTransport* Self(void* data) { return static_cast<SocketTransport*>(data); }

// The next bytes of a queue in libuv's form.
template <std::size_t kPieces>
struct Gathered {
  Gathered(core::OutputQueue& output, std::size_t most) {
    std::array<std::span<const std::uint8_t>, kPieces> pieces;
    const std::size_t found = output.Peek(pieces);
    while (count < found && size < most) {
      const auto piece = pieces[count].first(std::min(pieces[count].size(), most - size));
      // uv_buf_t is not const-correct; writing does not change what it points to.
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
      auto* bytes = const_cast<char*>(reinterpret_cast<const char*>(piece.data()));
      buffers[count++] = uv_buf_init(bytes, static_cast<unsigned>(piece.size()));
      size += piece.size();
    }
  }
  std::array<uv_buf_t, kPieces> buffers;
  unsigned count = 0;
  std::size_t size = 0;
};

}  // namespace

SocketTransport::SocketTransport(StreamHandle handle, TransportListener& listener)
    : handle_(handle.release()), listener_(&listener) {
  handle_->data = this;
  write_.data = this;
  shutdown_.data = this;
}

SocketTransport::~SocketTransport() { assert(handle_ == nullptr); }

void SocketTransport::StartReading() {
  const int error = uv_read_start(
      handle_,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        const auto target = Self(handle->data)->listener_->ReadTarget();
        const auto size = static_cast<unsigned>(std::min(target.size(), kMaxTransfer));
        *buffer = uv_buf_init(reinterpret_cast<char*>(target.data()), size);
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t*) {
        auto& listener = *Self(stream->data)->listener_;
        if (size >= 0) {
          listener.OnRead(static_cast<std::size_t>(size));
        } else {
          // Where a reset comes right behind data, libuv takes it for the end of the stream without asking.
          const int reason = size == UV_EOF ? Self(stream->data)->PendingError() : static_cast<int>(size);
          if (reason == 0) {
            listener.OnEndOfStream();
          } else {
            listener.OnReadError(reason);
          }
        }
      });
  if (error != 0 && error != UV_EALREADY) listener_->OnReadError(error);
}

// The socket's error that no call has reported yet, as libuv's negative number, or 0.
int SocketTransport::PendingError() {
  uv_os_fd_t socket{};
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(handle_), &socket) != 0) return 0;
  int error = 0;
#if defined(_WIN32)
  int size = sizeof error;
  const auto own = reinterpret_cast<SOCKET>(socket);
  if (getsockopt(own, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size) != 0) return 0;
#else
  socklen_t size = sizeof error;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return 0;
#endif
  return uv_translate_sys_error(error);
}

void SocketTransport::StopReading() { uv_read_stop(handle_); }

void SocketTransport::Write(core::OutputQueue& output) {
  output_ = &output;
  bool enough = false;
  for (std::size_t total = 0; writing_ == 0 && !write_failed_ && !closed_;) {
    const Gathered<kPieces> next(output, kMaxTransfer);
    if (next.count == 0) break;
    if (enough) {
      WriteWhenWritable();
      break;
    }
    const int written = uv_try_write(handle_, next.buffers.data(), next.count);
    if (written < 0 && written != UV_EAGAIN) return FailWriting(written);
    total += next.size;
    enough = written < static_cast<int>(next.size) || total >= kMaxTransfer;
    // May write more, or end it all.
    if (written > 0) listener_->OnWritten(output.Consume(static_cast<std::size_t>(written)));
  }
  MaybeShutDown();
}

// The kernel is full, or has got enough for one turn of the loop: libuv goes on with what comes next.
void SocketTransport::WriteWhenWritable() {
  const Gathered<kPieces> next(*output_, kMaxWaiting);
  writing_ = next.size;
  const int error = uv_write(&write_, handle_, next.buffers.data(), next.count, [](uv_write_t* request, int status) {
    auto* self = Self(request->data);
    const std::size_t size = std::exchange(self->writing_, 0);
    if (status == UV_ECANCELED) return;
    if (status != 0) return self->FailWriting(status);
    self->listener_->OnWritten(self->output_->Consume(size));
    self->Write(*self->output_);
  });
  if (error != 0) {
    writing_ = 0;
    FailWriting(error);
  }
}

void SocketTransport::FailWriting(int error) {
  if (write_failed_ || closed_) return;
  write_failed_ = true;
  listener_->OnWriteError(error);
}

void SocketTransport::ShutDown() {
  shutdown_wanted_ = true;
  MaybeShutDown();
}

void SocketTransport::MaybeShutDown() {
  if (!shutdown_wanted_ || closed_ || write_failed_ || writing_ != 0) return;
  shutdown_wanted_ = false;
  // Its failure means that the peer is gone; reading says so too.
  (void)uv_shutdown(&shutdown_, handle_, [](uv_shutdown_t*, int) {});
}

bool SocketTransport::HasUnreadBytes() {
  uv_os_fd_t socket{};
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(handle_), &socket) != 0) return false;
#if defined(_WIN32)
  DWORD waiting = 0;
  if (handle_->type == UV_NAMED_PIPE) {
    return PeekNamedPipe(socket, nullptr, 0, nullptr, &waiting, nullptr) != 0 && waiting > 0;
  }
  u_long size = 0;
  return ioctlsocket(reinterpret_cast<SOCKET>(socket), FIONREAD, &size) == 0 && size > 0;
#else
  int size = 0;
  return ioctl(socket, FIONREAD, &size) == 0 && size > 0;
#endif
}

void SocketTransport::Close() {
  closed_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(handle_), [](uv_handle_t* handle) {
    auto* self = Self(handle->data);
    DeleteStreamHandle(handle);
    self->handle_ = nullptr;
    self->listener_->OnClosed();
  });
}

SocketAddress SocketTransport::LocalAddress() { return LocalAddressOf(*handle_); }

SocketAddress SocketTransport::RemoteAddress() { return RemoteAddressOf(*handle_); }

}  // namespace hawser::reader
