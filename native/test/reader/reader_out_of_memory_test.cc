// A reader for which there is no memory at some moment: it ends and says so, or does without; it never hangs or
// crashes.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reader/loop.h"
#include "reader/payload_pool.h"
#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/failing_new.h"
#include "test/support/peer_deflate.h"
#include "test/support/reader/application.h"
#include "test/support/reader/batches.h"
#include "test/support/reader/scripted_peer.h"
#include "test/support/reader/socket.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::CloseOutcome;
using test::Application;
using test::BigEndian;
using test::DialConfig;
using test::FailingNew;
using test::Peer;
using test::ScriptedPeer;
using test::ServerFrame;

// Lets an allocation of a reader's thread fail, counted from when it first rings.
class Shortage {
 public:
  explicit Shortage(int allowed) : allowed_(allowed) {}
  // Both on the reader's thread.
  void Begin() {
    if (!failing_) failing_.emplace(allowed_);
  }
  void End() { failed_ = FailingNew::Failed(); }
  bool failed() const { return failed_; }

 private:
  int allowed_;
  std::optional<FailingNew> failing_;
  bool failed_ = false;
};

// A connection with something of everything, whose peer and application go on whatever happens.
CloseOutcome LiveThrough(Shortage& shortage) {
  ScriptedPeer peer([](Peer& p) {
    try {
      p.AcceptWebSocket();
      p.Send(ServerFrame(0x81, "text") + ServerFrame(0x89, "ping") + ServerFrame(0x8A, "one"));
      p.Send(ServerFrame(0x41, test::PeerDeflater().Part(std::string(20'000, 'z'))) + ServerFrame(0x80, {"\0", 1}));
      p.Send(ServerFrame(0x82, std::string(100'000, 'L')) + ServerFrame(0x81, std::string(60'000, 'x')));
      p.Send(ServerFrame(0x88, BigEndian(1000, 2)));
      p.HalfClose();
      p.ReadToEnd();
    } catch (const std::runtime_error&) {
      // The connection has ended before.
    }
  });
  SessionConfig config = DialConfig(peer.port());
  config.ping_interval = 1;
  config.open_timeout = config.close_timeout = test::Count(test::Units(100));
  Application application(config, [&](std::uint32_t ready) {
    shortage.Begin();
    if ((ready & kReadyFinished) != 0) shortage.End();
  });
  application.Post(WriteBytes{});
  if (application.NextNotice()) {
    const std::string request = "GET / HTTP/1.1\r\n\r\n";
    application.Post(WriteBytes{{request.begin(), request.end()}});
    application.Post(ReadHead{1000});
    if (application.NextNotice()) {
      application.Post(Start{.deflate = core::DeflateConfig()});
      application.Send({test::PingRecord(1, "one"), test::TextRecord("text"), test::PongRecord("pong")});
      application.Send({test::CompressedRecord(std::string(500, 'z'))});
      application.SendLarge(core::Opcode::kBinary, std::string(100'000, 'L'));
      application.Post(NotifyDrained{});
    }
  }
  (void)application.ReceiveAll();
  return application.Join();
}

TEST_CASE("a reader survives the lack of memory at any moment after it has dialed") {
  bool failed = true;
  for (int allowed = 0; failed; ++allowed) {
    INFO("allocation ", allowed);
    Shortage shortage(allowed);
    const CloseOutcome outcome = LiveThrough(shortage);
    failed = shortage.failed();
    if (!failed) CHECK(outcome.cause == CloseCause::kNone);
    CHECK(live_readers == 0);
  }
}

TEST_CASE("a failure inside the reader is told to both ends, and the next command is carried out") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(test::SentClose(1011, "internal error"));
    p.Delay(test::Patience());
  });
  std::optional<FailingNew> failing;
  std::atomic<bool> shortage = false;
  Application application(DialConfig(peer.port()), [&](std::uint32_t) {
    if (shortage.exchange(false)) failing.emplace(0);
  });
  application.Open();
  shortage = true;
  application.Post(NotifyDrained{});
  (void)application.Await<Drained>();
  application.Send({test::TextRecord("never sent")});
  (void)application.Await<Closing>();
  application.reader().Terminate();
  const CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == CloseCause::kInternal);
  CHECK(outcome.detail == "std::bad_alloc");
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 1011);
}

TEST_CASE("a loop for which there is no memory leaves nothing behind") {
  bool failed = true;
  for (int allowed = 0; failed; ++allowed) {
    const FailingNew failing(allowed);
    try {
      const auto loop = std::make_unique<Loop>();
    } catch (const std::bad_alloc&) {
      // The address sanitizer looks for what is left.
    }
    failed = FailingNew::Failed();
  }
}

// Runs a session in this thread, up to its end.
CloseOutcome RunSession(const SessionConfig& config) {
  CommandQueue commands;
  DeliveryQueue delivery(config.marks);
  test::SilentBell bell;
  Loop loop;
  int ended = 0;
  Session session(loop, config, commands, delivery, bell, [&ended] { ++ended; });
  session.Begin();
  loop.Run();
  CHECK(ended == 1);
  return std::move(session).TakeOutcome();
}

TEST_CASE("a session survives the lack of memory at any moment while it dials") {
  const test::RefusingPort refusing;
  ScriptedPeer peer([](Peer& p) {
    for (;;) p.Accept();
  });
  SessionConfig config = DialConfig(refusing.port());
  config.dial.targets.push_back({.address = "127.0.0.1", .port = peer.port(), .path = ""});
  config.open_timeout = test::Count(test::Units(5));
  bool failed = true;
  for (int allowed = 0; failed; ++allowed) {
    INFO("allocation ", allowed);
    const FailingNew failing(allowed);
    try {
      const CloseCause cause = RunSession(config).cause;
      CHECK((cause == CloseCause::kDial || cause == CloseCause::kInternal || cause == CloseCause::kOpenTimeout));
    } catch (const std::bad_alloc&) {
      // There was none for the loop or the session itself: the reader tells that as an internal error.
    }
    failed = FailingNew::Failed();
  }
}

TEST_CASE("a batch for which there is no memory in the queue is not counted") {
  DeliveryQueue queue({});
  std::uint64_t published = 0;
  for (bool failed = false; !failed; ++published) {
    MessageBatch batch = test::BatchOf({"one"});
    const FailingNew failing(0);
    try {
      queue.Publish(std::move(batch));
    } catch (const std::bad_alloc&) {
      failed = true;
    }
  }
  CHECK(queue.held() == (published - 1) * (3 + sizeof(MessageEntry)));
}

TEST_CASE("payloads are given back without memory") {
  const auto pool = std::make_shared<PayloadPool>();
  std::vector<core::Payload> out;
  out.reserve(100);
  for (int i = 0; i < 100; ++i) out.push_back(pool->Take(1));
  const FailingNew failing(0);
  out.clear();
  CHECK_FALSE(FailingNew::Failed());
}

TEST_CASE("a reader that has failed says so without memory for the words") {
  const std::runtime_error error("words that are too long to be kept without an allocation");
  const FailingNew failing(0);
  const CloseOutcome outcome = FailedReader(error);
  CHECK(FailingNew::Failed());
  CHECK(outcome.cause == CloseCause::kInternal);
  CHECK(outcome.detail.empty());
}

}  // namespace
}  // namespace hawser::reader
