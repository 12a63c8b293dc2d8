// Bytes read during the opening handshake, the one request for them that may be open, and what is left for the frame
// parser. Judges nothing but where a response head ends; TypeScript judges the head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "reader/notice.h"

namespace hawser::reader {

class HandshakeBuffer {
 public:
  void RequestHead(std::size_t limit) { request_ = {Request::kHead, limit}; }
  void RequestSome(std::size_t limit) { request_ = {Request::kSome, limit}; }
  bool wants_bytes() const { return request_.kind != Request::kNone; }

  void Append(std::span<const std::uint8_t> bytes);
  void OnEndOfStream() { ended_ = true; }

  // The answer to the open request, once there is one. The stream's end before the first byte of a head is none.
  std::optional<Notice> TakeAnswer();
  // What was read beyond the answers given.
  std::vector<std::uint8_t> TakeRest() { return std::exchange(bytes_, {}); }

 private:
  enum class Request : std::uint8_t { kNone, kHead, kSome };
  struct OpenRequest {
    Request kind = Request::kNone;
    std::size_t limit = 0;
  };

  std::vector<std::uint8_t> TakeFirst(std::size_t size);
  std::optional<std::size_t> HeadEnd();

  std::vector<std::uint8_t> bytes_;
  OpenRequest request_;
  std::size_t searched_ = 0;  // no head ends before this offset
  bool ended_ = false;
};

}  // namespace hawser::reader
