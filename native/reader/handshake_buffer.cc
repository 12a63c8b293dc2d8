#include "reader/handshake_buffer.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hawser::reader {

void HandshakeBuffer::Append(std::span<const std::uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::vector<std::uint8_t> HandshakeBuffer::TakeFirst(std::size_t size) {
  std::vector<std::uint8_t> first(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
  request_ = {};
  searched_ = 0;
  return first;
}

// The offset just past the empty line. Lines that end in a bare LF end a head as well, and so does a first line that
// is not HTTP: TypeScript refuses both, at once rather than at the deadline.
std::optional<std::size_t> HandshakeBuffer::HeadEnd() {
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  constexpr std::string_view kProtocol = "HTTP/";
  const std::string_view begin = text.substr(0, kProtocol.size());
  if (begin != kProtocol.substr(0, begin.size())) {
    const std::size_t line = text.find('\n');
    return line == std::string_view::npos ? std::nullopt : std::optional(line + 1);
  }
  for (std::size_t at = text.find('\n', searched_); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    const std::string_view next = text.substr(at + 1, 2);
    if (next.starts_with('\n')) return at + 2;
    if (next == "\r\n") return at + 3;
    searched_ = at;
    if (next.size() < 2) break;
  }
  return std::nullopt;
}

std::optional<Notice> HandshakeBuffer::TakeAnswer() {
  if (request_.kind == Request::kSome) {
    if (bytes_.empty() && !ended_) return std::nullopt;
    return BytesRead{TakeFirst(std::min(bytes_.size(), request_.limit))};
  }
  if (request_.kind == Request::kHead) {
    const std::size_t limit = request_.limit;
    const auto end = HeadEnd();
    if (end && *end <= limit) return HeadRead{.bytes = TakeFirst(*end), .unfinished = false};
    const bool cut = ended_ && !bytes_.empty();
    if (cut || bytes_.size() >= limit) {
      return HeadRead{.bytes = TakeFirst(std::min(bytes_.size(), limit)), .unfinished = true};
    }
  }
  return std::nullopt;
}

}  // namespace hawser::reader
