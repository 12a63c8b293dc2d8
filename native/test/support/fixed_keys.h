// Masking keys that are the same in every run: 11 22 33 44.
#pragma once

#include "core/masking.h"

namespace hawser::test {

class FixedKeys final : public core::MaskingKeySource {
 public:
  core::MaskingKey NextKey() override { return {0x11, 0x22, 0x33, 0x44}; }
};

}  // namespace hawser::test
