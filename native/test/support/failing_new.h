// Lets the n-th operator new from now on fail, once, in this thread.
#pragma once

namespace hawser::test {

class FailingNew {
 public:
  explicit FailingNew(int allowed);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  // Whether an allocation has failed since.
  static bool Failed();
};

}  // namespace hawser::test
