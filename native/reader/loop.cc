#include "reader/loop.h"

#include <cassert>
#include <system_error>
#include <utility>

namespace hawser::reader {

Loop::Loop() {
  if (const int error = uv_loop_init(&loop_); error != 0) {
    throw std::system_error(-error, std::generic_category(), "cannot make an event loop");
  }
  uv_check_init(&loop_, &check_);
  check_.data = this;
  uv_check_start(&check_, [](uv_check_t* handle) { static_cast<Loop*>(handle->data)->EndTurn(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
  uv_prepare_init(&loop_, &prepare_);
  prepare_.data = this;
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->EndTurn(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
}

Loop::~Loop() {
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
  Run();
  [[maybe_unused]] const int error = uv_loop_close(&loop_);
  assert(error == 0);
}

void Loop::EndTurn() {
  std::swap(called_, waiting_);
  for (TurnListener* listener : called_) listener->OnTurnEnd();
  called_.clear();
}

}  // namespace hawser::reader
