// A TCP handle made with `new`, closed and freed by whoever owns it last. Reader thread.
#pragma once

#include <uv.h>

#include <memory>

namespace hawser::reader {

struct CloseTcpHandle {
  void operator()(uv_tcp_t* handle) const {
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<uv_tcp_t*>(closed); });
  }
};
using TcpHandle = std::unique_ptr<uv_tcp_t, CloseTcpHandle>;

}  // namespace hawser::reader
