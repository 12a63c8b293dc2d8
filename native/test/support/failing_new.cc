#include "test/support/failing_new.h"

#include <cstdlib>
#include <new>

namespace {

thread_local int allowed_left = -1;  // negative: no failure is wanted
thread_local bool has_failed = false;

void* Allocate(std::size_t size) {
  if (allowed_left == 0) {
    has_failed = true;
    allowed_left = -1;
    throw std::bad_alloc();
  }
  if (allowed_left > 0) --allowed_left;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Replaces the program's operator new, as [replacement.functions] allows; the array forms call these.
void* operator new(std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace hawser::test {

FailingNew::FailingNew(int allowed) {
  allowed_left = allowed;
  has_failed = false;
}

FailingNew::~FailingNew() { allowed_left = -1; }

bool FailingNew::Failed() { return has_failed; }

}  // namespace hawser::test
