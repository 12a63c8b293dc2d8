// Memory that two threads use in turn.
#include "reader/slab.h"

#include <doctest/doctest.h>

#include <thread>
#include <utility>

#include "reader/slab_pool.h"

namespace hawser::reader {
namespace {

TEST_CASE("a reference is the only one once its copies are gone") {
  SlabRef slab = SlabRef::Make();
  CHECK(slab.IsOnly());
  {
    const SlabRef copy = slab;  // NOLINT(performance-unnecessary-copy-initialization)
    CHECK_FALSE(slab.IsOnly());
    CHECK(copy == slab);
  }
  CHECK(slab.IsOnly());
  SlabRef moved = std::move(slab);
  CHECK(moved.IsOnly());
  moved = SlabRef();
  CHECK_FALSE(static_cast<bool>(moved));
}

TEST_CASE("a slab lives as long as one refers to it") {
  SlabRef first = SlabRef::Make();
  first->bytes()[0] = 7;
  const SlabRef second = first;
  first = SlabRef();
  CHECK(second->bytes()[0] == 7);
}

TEST_CASE("a pool gives the same slab again once nobody else refers to it") {
  SlabPool pool;
  SlabRef slab = pool.Take();
  const Slab* one = slab.operator->();
  const SlabRef other = pool.Take();
  CHECK(other.operator->() != one);
  slab = SlabRef();
  CHECK(pool.Take().operator->() == one);
}

TEST_CASE("a slab may be filled again as soon as another thread has let go of it") {
  SlabPool pool;
  for (int round = 0; round < 200; ++round) {
    SlabRef slab = pool.Take();
    slab->bytes()[0] = static_cast<std::uint8_t>(round);
    std::uint8_t seen = 0;
    std::thread other([&seen, mine = std::move(slab)]() mutable {
      seen = mine->bytes()[0];
      mine = SlabRef();
    });
    // Overwrites what the other thread has just looked at, or another slab.
    pool.Take()->bytes()[0] = 0xFF;
    other.join();
    CHECK(seen == static_cast<std::uint8_t>(round));
  }
}

}  // namespace
}  // namespace hawser::reader
