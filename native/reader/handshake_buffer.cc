#include "reader/handshake_buffer.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hawser::reader {
namespace {

// What tells binary protocols apart: an alert of TLS has so many bytes, and the header of a frame of HTTP/2 two more.
constexpr std::size_t kBinarySize = 7;

// Whether no protocol of lines begins with this byte.
bool IsBinary(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return (code < 0x20 && code != '\t' && code != '\r' && code != '\n') || code >= 0x7f;
}

}  // namespace

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
// is not HTTP, or the begin of what has no lines: TypeScript refuses them, at once rather than at the deadline.
std::optional<std::size_t> HandshakeBuffer::HeadEnd() {
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  constexpr std::string_view kProtocol = "HTTP/";
  const std::string_view begin = text.substr(0, kProtocol.size());
  if (begin != kProtocol.substr(0, begin.size())) {
    if (IsBinary(begin.front())) return text.size() < kBinarySize ? std::nullopt : std::optional(kBinarySize);
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
