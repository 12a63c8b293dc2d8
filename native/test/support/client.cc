#include "test/support/client.h"

#include <algorithm>
#include <cstring>

namespace hawser::test {

void Client::Receive(std::string_view bytes, bool direct) {
  while (!bytes.empty()) {
    const auto target = direct ? protocol.ReceiveTarget() : std::span<std::uint8_t>();
    if (target.empty()) {
      // As much as a transport's chunk holds.
      const std::size_t size = std::min<std::size_t>(bytes.size(), direct ? 4096 : bytes.size());
      protocol.Receive(AsSpan(bytes.substr(0, size)), sink);
      bytes.remove_prefix(size);
    } else {
      const std::size_t size = std::min(bytes.size(), target.size());
      std::memcpy(target.data(), bytes.data(), size);
      protocol.Received(size, sink);
      bytes.remove_prefix(size);
    }
  }
}

}  // namespace hawser::test
