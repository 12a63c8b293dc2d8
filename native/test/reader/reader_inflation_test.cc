// Bytes that inflate to many times as much: no more is let in at once than the marks allow and a little beyond.
#include <doctest/doctest.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/permessage_deflate.h"
#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using test::Application;
using test::AsSpan;
using test::DialConfig;
using test::Events;
using test::Gate;
using test::Peer;
using test::ScriptedPeer;
using test::ServerFrame;

constexpr std::size_t kInflatedSize = std::size_t{1} << 20;
constexpr std::size_t kBombs = 40;

// All of it fits into one read.
std::string Bombs(std::size_t count = kBombs, std::size_t size = kInflatedSize) {
  core::Deflater deflater(core::DeflateConfig{});
  const std::string message(size, 'x');
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    core::Payload deflated;
    deflater.Deflate(AsSpan(message), true, deflated);
    bytes += ServerFrame(0xC2, test::AsString(deflated.span()));
  }
  CHECK(bytes.size() < 64 * 1024);
  return bytes;
}

SessionConfig SmallMarks(int port) {
  SessionConfig config = DialConfig(port);
  config.marks = {.high_bytes = 2 * kInflatedSize, .low_bytes = kInflatedSize};
  return config;
}

void ExpectAll(const Events& events) {
  REQUIRE(events.size() == kBombs);
  const std::string message(kInflatedSize, 'x');
  for (const test::Event& event : events) CHECK((event.payload == message));
}

TEST_CASE("what a read inflates to is let in by and by") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(Bombs());
  });
  Application application(SmallMarks(peer.port()));
  application.Open({.deflate = core::DeflateConfig{}});
  ExpectAll(application.ReceiveAll());
  CHECK(application.delivery().queue_stats().most_bytes <= 6 * kInflatedSize);
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("what came behind the handshake inflates by and by as well") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    p.ReadHead();
    p.Send(std::string(test::kResponseHead) + Bombs());
  });
  Application application(SmallMarks(peer.port()));
  application.Open({.deflate = core::DeflateConfig{}});
  ExpectAll(application.ReceiveAll());
  CHECK(application.delivery().queue_stats().most_bytes <= 6 * kInflatedSize);
}

TEST_CASE("closing lets in what a paused reader has read and not inflated") {
  Gate sent;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(Bombs() + ServerFrame(0x88, "\x03\xE8"));
    sent.Open();
    p.Expect(test::SentClose(1000));
    p.Close();
  });
  Application application(SmallMarks(peer.port()));
  application.Open({.deflate = core::DeflateConfig{}});
  sent.Wait();
  application.AwaitFirstMessage();
  application.Close();
  application.AwaitFinish();
  ExpectAll(application.ReceiveAll());
  const auto outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kNone);
  CHECK(outcome.received);
}

// Takes all messages whenever the reader rings for some, on its own thread: a consumer that is faster than any other.
class InstantConsumer {
 public:
  explicit InstantConsumer(int port) : application_(Marks(port), [this](std::uint32_t ready) { OnRing(ready); }) {}

  Application& application() { return application_; }

  // From now on.
  void Start() {
    const std::lock_guard lock(mutex_);
    started_ = true;
    TakeAll();
  }
  // Returns false if so many have not come in time.
  bool Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, test::Clock::now() + test::Patience(), [&] { return taken_ >= count; });
  }

 private:
  static SessionConfig Marks(int port) {
    SessionConfig config = DialConfig(port);
    config.marks = {.high_messages = 7, .low_messages = 0};
    return config;
  }

  void OnRing(std::uint32_t ready) {
    if ((ready & kReadyMessages) == 0) return;
    const std::lock_guard lock(mutex_);
    if (started_) TakeAll();
  }

  void TakeAll() {
    for (;;) {
      const auto result = application_.delivery().Take(batch_);
      if (result.resume) application_.Post(Resume{});
      if (result.taken != DeliveryQueue::Taken::kBatch) break;
      taken_ += batch_.messages();
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  MessageBatch batch_;
  std::size_t taken_ = 0;
  bool started_ = false;
  Application application_;  // the first to go: its reader rings
};

TEST_CASE("a reader that the last of a read pauses hears the consumer that has taken it already") {
  constexpr std::size_t kMessages = 100;
  Gate more;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(Bombs(kMessages, std::size_t{32} << 10));
    more.Wait();
    p.Send(ServerFrame(0x82, "one more"));
    p.ReadToEnd();
  });
  InstantConsumer consumer(peer.port());
  consumer.application().Open({.deflate = core::DeflateConfig{}});
  consumer.Start();
  CHECK(consumer.Await(kMessages));
  more.Open();
  CHECK(consumer.Await(kMessages + 1));
  consumer.application().Post(Terminate{});
  (void)consumer.application().Join();
}

TEST_CASE("commands have their turn while a read inflates to much more than itself") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(Bombs());
    p.ReadToEnd();
  });
  Application* told = nullptr;
  Application application(DialConfig(peer.port()), [&](std::uint32_t ready) {
    if ((ready & kReadyMessages) != 0) told->Post(Terminate{});
  });
  told = &application;
  MessageBatch none;
  (void)application.delivery().Take(none);  // so that it rings for the first
  application.Open({.deflate = core::DeflateConfig{}});
  CHECK(application.ReceiveAll().size() < kBombs / 2);
  CHECK(application.Join().cause == CloseCause::kTerminated);
}

}  // namespace
}  // namespace hawser::reader
