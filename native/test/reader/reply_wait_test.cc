// When a reader may hope for a reply.
#include "reader/reply_wait.h"

#include <doctest/doctest.h>

#include <thread>

namespace hawser::reader {
namespace {

void Exchange(ReplyWait& wait, int times) {
  for (int i = 0; i < times; ++i) {
    wait.OnTold();
    wait.OnReply();
  }
}

TEST_CASE("a connection that only receives never waits") {
  ReplyWait wait;
  for (int i = 0; i < 100; ++i) {
    wait.OnTold();
    CHECK_FALSE(wait.worthwhile());
  }
}

TEST_CASE("a connection that only sends never waits") {
  ReplyWait wait;
  for (int i = 0; i < 100; ++i) wait.OnReply();
  CHECK_FALSE(wait.worthwhile());
}

TEST_CASE("after some prompt replies the next one is waited for, and no longer once it has come") {
  ReplyWait wait;
  Exchange(wait, 8);
  CHECK_FALSE(wait.worthwhile());
  wait.OnTold();
  CHECK(wait.worthwhile());
  wait.OnReply();
  CHECK_FALSE(wait.worthwhile());
}

TEST_CASE("a consumer that stops replying is soon not waited for") {
  ReplyWait wait;
  Exchange(wait, 100);
  for (int i = 0; i < 10; ++i) wait.OnTold();
  CHECK_FALSE(wait.worthwhile());
}

TEST_CASE("a reply is waited for only so long") {
  ReplyWait wait;
  Exchange(wait, 8);
  wait.OnTold();
  const std::uint64_t started = uv_hrtime();
  while (wait.worthwhile()) std::this_thread::yield();
  CHECK(uv_hrtime() - started + ReplyWait::kMost / 10 >= ReplyWait::kMost);
}

}  // namespace
}  // namespace hawser::reader
