#include "test/support/client.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace hawser::test {

void Client::Receive(std::string_view bytes, Path path) {
  switch (path) {
    case Path::kChunk:
      protocol.Receive(AsSpan(bytes), sink);
      return;
    case Path::kDirect:
      return ReceiveDirect(bytes);
    case Path::kBehind:
      return ReceiveBehind(bytes);
  }
}

void Client::ReceiveDirect(std::string_view bytes) {
  constexpr std::size_t kChunk = 4096;
  while (!bytes.empty()) {
    const auto target = protocol.ReceiveTarget(kDirectRead);
    const auto piece = bytes.substr(0, target.empty() ? kChunk : target.size());
    if (target.empty()) {
      protocol.Receive(AsSpan(piece), sink);
    } else {
      std::memcpy(target.data(), piece.data(), piece.size());
      protocol.Received(piece.size(), sink);
    }
    bytes.remove_prefix(piece.size());
  }
}

// Each read has memory of its own, so that a sanitizer sees who looks before it.
void Client::ReceiveBehind(std::string_view bytes) {
  constexpr std::size_t kRoom = 4096;
  while (!bytes.empty()) {
    std::vector<std::uint8_t> memory(kRoom);
    const std::size_t before = protocol.CopyUnfinished(memory);
    const auto piece = bytes.substr(0, kRoom - before);
    std::memcpy(memory.data() + before, piece.data(), piece.size());
    protocol.Receive(std::span(memory).subspan(before, piece.size()), sink, before);
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace hawser::test
