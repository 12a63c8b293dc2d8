// A TCP or pipe handle made with `new`, closed and freed by whoever owns it last. Reader thread.
#pragma once

#include <uv.h>

#include <memory>

namespace hawser::reader {

// Frees a handle that libuv is done with, as what it was made.
inline void DeleteStreamHandle(uv_handle_t* handle) {
  if (handle->type == UV_NAMED_PIPE) {
    delete reinterpret_cast<uv_pipe_t*>(handle);
  } else {
    delete reinterpret_cast<uv_tcp_t*>(handle);
  }
}

struct CloseStreamHandle {
  void operator()(uv_stream_t* handle) const { uv_close(reinterpret_cast<uv_handle_t*>(handle), DeleteStreamHandle); }
};
using StreamHandle = std::unique_ptr<uv_stream_t, CloseStreamHandle>;

}  // namespace hawser::reader
