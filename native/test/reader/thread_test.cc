// A thread whose value exists for others only once it has been joined.
#include "reader/thread.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <csignal>
#include <string>

#include "test/support/reader/gate.h"

namespace hawser::reader {
namespace {

TEST_CASE("Join returns what the thread returned") {
  ResultThread<std::string> thread;
  CHECK_FALSE(thread.started());
  thread.Start([] { return std::string("value"); });
  CHECK(thread.started());
  CHECK(thread.Join() == "value");
  CHECK_FALSE(thread.started());
}

TEST_CASE("Join waits for the thread") {
  test::Gate gate;
  ResultThread<int> thread;
  thread.Start([&gate] {
    gate.Wait();
    return 1;
  });
  gate.Open();
  CHECK(thread.Join() == 1);
}

TEST_CASE("the application's signals are not the thread's, and stay the application's") {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  ResultThread<bool> thread;
  thread.Start([] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPIPE) == 1 && sigismember(&mask, SIGSEGV) == 0;
  });
  CHECK(thread.Join());
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  CHECK(sigismember(&after, SIGTERM) == sigismember(&before, SIGTERM));
  CHECK(sigismember(&after, SIGPIPE) == sigismember(&before, SIGPIPE));
}

}  // namespace
}  // namespace hawser::reader
