// The slabs of a busy connection, used again as soon as no batch refers to them. Reader thread.
#pragma once

#include <vector>

#include "reader/slab.h"

namespace hawser::reader {

class SlabPool {
 public:
  // One that nobody else refers to. Throws std::bad_alloc.
  SlabRef Take() {
    for (const SlabRef& slab : slabs_) {
      if (slab.IsOnly()) return slab;
    }
    SlabRef slab = SlabRef::Make();
    if (slabs_.size() < kMost) slabs_.push_back(slab);
    return slab;
  }
  void Clear() { slabs_.clear(); }

 private:
  // As much as lies in a full delivery queue of the usual marks, and what is being filled and emptied.
  static constexpr std::size_t kMost = 8;

  std::vector<SlabRef> slabs_;
};

}  // namespace hawser::reader
