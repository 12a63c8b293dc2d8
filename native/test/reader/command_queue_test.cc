// Commands on their way to a reader: their order, and the one wake that a busy reader is spared.
#include "reader/command_queue.h"

#include <doctest/doctest.h>
#include <uv.h>

#include <thread>
#include <vector>

#include "reader/loop.h"

namespace hawser::reader {
namespace {

// Counts how often the reader's loop was woken.
class Wake {
 public:
  Wake() {
    uv_async_init(loop_.uv(), &async_, [](uv_async_t* async) { ++static_cast<Wake*>(async->data)->count_; });
    async_.data = this;
  }
  ~Wake() { uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr); }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  uv_async_t* async() { return &async_; }
  // Since the last call.
  int Count() {
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
    return std::exchange(count_, 0);
  }

 private:
  Loop loop_;
  uv_async_t async_{};
  int count_ = 0;
};

std::vector<std::size_t> Limits(const std::vector<Command>& commands) {
  std::vector<std::size_t> limits;
  limits.reserve(commands.size());
  for (const Command& command : commands) limits.push_back(std::get<ReadHead>(command).limit);
  return limits;
}

TEST_CASE("commands are taken all at once, in order") {
  CommandQueue queue;
  queue.Post(ReadHead{1});
  queue.Post(ReadHead{2});
  std::vector<Command> commands;
  CHECK(queue.Take(commands));
  CHECK(Limits(commands) == std::vector<std::size_t>{1, 2});
  CHECK_FALSE(queue.Take(commands));
  CHECK(commands.empty());
}

TEST_CASE("what was posted before the reader began wakes it when it begins") {
  Wake wake;
  CommandQueue queue;
  queue.Post(Start{});
  queue.Open(wake.async());
  CHECK(wake.Count() == 1);
}

TEST_CASE("a reader that has nothing to do is not woken when it begins") {
  Wake wake;
  CommandQueue queue;
  queue.Open(wake.async());
  CHECK(wake.Count() == 0);
}

TEST_CASE("the first command wakes, those after it do not until the reader found nothing") {
  Wake wake;
  CommandQueue queue;
  std::vector<Command> commands;
  queue.Open(wake.async());
  queue.Post(Start{});
  CHECK(wake.Count() == 1);
  queue.Post(Start{});
  CHECK(queue.Take(commands));
  queue.Post(Start{});
  CHECK(queue.Take(commands));
  CHECK(wake.Count() == 0);
  CHECK_FALSE(queue.Take(commands));
  queue.Post(Start{});
  CHECK(wake.Count() == 1);
}

TEST_CASE("a reader that says that it stays awake is not woken until it found nothing") {
  Wake wake;
  CommandQueue queue;
  std::vector<Command> commands;
  queue.Open(wake.async());
  queue.StayAwake();
  CHECK_FALSE(queue.waiting());
  queue.Post(Start{});
  CHECK(queue.waiting());
  CHECK(wake.Count() == 0);
  CHECK(queue.Take(commands));
  CHECK_FALSE(queue.waiting());
  CHECK_FALSE(queue.Take(commands));
  queue.Post(Start{});
  CHECK(wake.Count() == 1);
}

TEST_CASE("a reader that stops looking in between wakes itself") {
  Wake wake;
  CommandQueue queue;
  std::vector<Command> commands;
  queue.Open(wake.async());
  queue.Post(Start{});
  CHECK(wake.Count() == 1);
  CHECK(queue.Take(commands));
  queue.LookAgain();
  queue.Post(Start{});
  CHECK(wake.Count() == 1);
  queue.Close();
  queue.LookAgain();
  CHECK(wake.Count() == 0);
}

TEST_CASE("commands after the reader's end are dropped and wake nobody") {
  Wake wake;
  CommandQueue queue;
  std::vector<Command> commands;
  queue.Open(wake.async());
  queue.Post(Start{});
  (void)wake.Count();
  queue.Close();
  queue.Post(Start{});
  CHECK_FALSE(queue.Take(commands));
  CHECK(wake.Count() == 0);
}

TEST_CASE("a reader that ended before it opened the queue is never woken") {
  Wake wake;
  CommandQueue queue;
  queue.Post(Start{});
  queue.Close();
  queue.Open(wake.async());
  queue.Post(Start{});
  CHECK(wake.Count() == 0);
}

TEST_CASE("what is posted and not written is buffered") {
  CommandQueue queue;
  queue.Post(Start{}, 100);
  queue.Post(Start{}, 20);
  CHECK(queue.buffered() == 120);
  queue.AddWritten(110);
  CHECK(queue.buffered() == 10);
}

TEST_CASE("no command is lost or out of order between two threads") {
  constexpr std::size_t kCount = 100'000;
  CommandQueue queue;
  std::thread poster([&queue] {
    for (std::size_t i = 0; i < kCount; ++i) queue.Post(ReadHead{i}, 1);
  });
  std::vector<Command> commands;
  std::size_t next = 0;
  while (next < kCount) {
    if (!queue.Take(commands)) std::this_thread::yield();
    for (const std::size_t limit : Limits(commands)) {
      CHECK(limit == next);
      ++next;
      queue.AddWritten(1);
    }
  }
  poster.join();
  CHECK(queue.buffered() == 0);
}

}  // namespace
}  // namespace hawser::reader
