// Masking keys from the system's CSPRNG, drawn a page at a time (RFC 6455 §5.3, §10.3). Reader thread.
#pragma once

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "core/masking.h"

namespace hawser::reader {

class MaskingKeyPool final : public core::MaskingKeySource {
 public:
  core::MaskingKey NextKey() override {
    if (next_ == pool_.size()) Refill();
    core::MaskingKey key;
    std::memcpy(key.data(), pool_.data() + next_, key.size());
    next_ += key.size();
    return key;
  }

 private:
  void Refill() {
    const int error = uv_random(nullptr, nullptr, pool_.data(), pool_.size(), 0, nullptr);
    if (error != 0) throw std::system_error(-error, std::generic_category(), "no random bytes for masking keys");
    next_ = 0;
  }

  std::array<std::uint8_t, 4096> pool_{};
  std::size_t next_ = pool_.size();
};

}  // namespace hawser::reader
