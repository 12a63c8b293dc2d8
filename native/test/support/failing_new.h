// Lets the n-th operator new or growth of a Payload from now on fail, once, in this thread.
#pragma once

#include <cstddef>

namespace hawser::test {

class FailingNew {
 public:
  static constexpr int kNever = -1;

  explicit FailingNew(int allowed);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  // Whether an allocation has failed since.
  static bool Failed();
  // The most bytes that one of them has asked for since.
  static std::size_t Largest();
};

}  // namespace hawser::test
