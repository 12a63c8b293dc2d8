#include "test/support/failing_new.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

using hawser::test::FailingNew;

thread_local int allowed_left = FailingNew::kNever;
thread_local bool has_failed = false;
thread_local std::size_t largest = 0;

bool Fails(std::size_t size) {
  largest = std::max(largest, size);
  if (allowed_left == FailingNew::kNever) return false;
  if (allowed_left-- > 0) return false;
  has_failed = true;
  return true;
}

void* Allocate(std::size_t size) {
  if (Fails(size)) throw std::bad_alloc();
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Replaces the program's operator new, as [replacement.functions] allows; the array forms call these.
void* operator new(std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

// The linker puts this in the place of realloc (--wrap) in what it links together: core, reader and tests.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void* __real_realloc(void* memory, std::size_t size);
extern "C" void* __wrap_realloc(void* memory, std::size_t size);
extern "C" void* __wrap_realloc(void* memory, std::size_t size) {
  return Fails(size) ? nullptr : __real_realloc(memory, size);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace hawser::test {

FailingNew::FailingNew(int allowed) {
  allowed_left = allowed;
  has_failed = false;
  largest = 0;
}

FailingNew::~FailingNew() { allowed_left = kNever; }

bool FailingNew::Failed() { return has_failed; }
std::size_t FailingNew::Largest() { return largest; }

}  // namespace hawser::test
