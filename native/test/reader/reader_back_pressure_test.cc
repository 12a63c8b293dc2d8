// A consumer that is slower than its peer: the network is left unread above the high-water mark and read again at the
// low one, and nothing of that holds up an end.
#include <doctest/doctest.h>

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
using test::BigEndian;
using test::Count;
using test::DialConfig;
using test::Event;
using test::Events;
using test::Gate;
using test::PausingConfig;
using test::Peer;
using test::ScriptedPeer;
using test::SentClose;
using test::ServerFrame;
using test::Text;
using test::Units;

// More than the sockets between the two ends hold.
constexpr int kFlood = 32;
const std::string kBigFrame = ServerFrame(0x82, std::string(std::size_t{1} << 20, 'x'));

std::string Flood() {
  std::string bytes;
  for (int i = 0; i < kFlood; ++i) bytes += kBigFrame;
  return bytes;
}

// How many big messages and nothing else.
int CountBig(const Events& events) {
  int count = 0;
  for (const Event& event : events) count += event.payload.size() == std::size_t{1} << 20 ? 1 : 0;
  CHECK(static_cast<std::size_t>(count) == events.size());
  return count;
}

// A binary message of bytes of one kind, compressed.
std::string CompressedFrame(std::size_t size) {
  core::Deflater deflater({});
  core::Payload deflated;
  deflater.Deflate(test::AsSpan(std::string(size, 'x')), true, deflated);
  return ServerFrame(0xC2, test::AsString(deflated.span()));
}

TEST_CASE("above the high-water mark the peer's socket fills, and consuming lets the rest come") {
  const std::string flood = Flood();
  Gate stuck;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    const std::size_t sent = p.SendUntilStuck(flood);
    CHECK(sent < flood.size());
    stuck.Open();
    p.Send(std::string_view(flood).substr(sent));
  });
  SessionConfig config = DialConfig(peer.port());
  config.marks = {.high_bytes = std::uint64_t{4} << 20, .low_bytes = std::uint64_t{1} << 20};
  Application application(config);
  application.Open();
  stuck.Wait();
  CHECK(CountBig(application.ReceiveAll()) == kFlood);
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("a low mark of messages is not overshot by a whole slab of them") {
  constexpr int kCount = 100'000;
  Gate over;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    std::string bytes;
    for (int i = 0; i < kCount; ++i) bytes += ServerFrame(0x81, std::string(30, 'x'));
    p.Send(bytes);
    over.Wait();
  });
  SessionConfig config = DialConfig(peer.port());
  config.marks = {.high_messages = 16, .low_messages = 0};
  Application application(config);
  application.Open();
  for (int i = 0; i < kCount; ++i) {
    REQUIRE(application.Receive() == Text(std::string(30, 'x')));
    CHECK(application.delivery().held() <= 4 * 65'536);
  }
  over.Open();
  application.Post(Terminate{});
  (void)application.Join();
}

TEST_CASE("the mark of messages stops reading as well") {
  std::string flood;
  for (int i = 0; i < 1'000'000; ++i) flood += ServerFrame(0x81, std::to_string(i));
  Gate stuck;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    const std::size_t sent = p.SendUntilStuck(flood);
    CHECK(sent < flood.size());
    stuck.Open();
    p.Send(std::string_view(flood).substr(sent));
  });
  SessionConfig config = DialConfig(peer.port());
  config.marks = {.high_messages = 1000, .low_messages = 100};
  Application application(config);
  application.Open();
  stuck.Wait();
  const Events events = application.ReceiveAll();
  REQUIRE(events.size() == 1'000'000);
  CHECK(events.back() == Text("999999"));
}

TEST_CASE("a consumer that keeps up is never stuck, however low the marks") {
  constexpr int kCount = 2000;
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    for (int i = 0; i < kCount; ++i) p.Send(ServerFrame(0x81, std::to_string(i)));
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  CHECK(application.ReceiveAll().size() == kCount);
}

TEST_CASE("closing reads on, so that the peer's Close is seen behind the flood") {
  const std::string flood = Flood();
  Gate stuck;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    const std::string_view half = std::string_view(flood).substr(0, flood.size() / 2);
    const std::size_t sent = p.SendUntilStuck(half);
    CHECK(sent < half.size());
    stuck.Open();
    p.Send(half.substr(sent));
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x88, BigEndian(1000, 2)));
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  stuck.Wait();
  application.Close();
  application.AwaitFinish();
  CHECK(CountBig(application.ReceiveAll()) == kFlood / 2);
  CHECK(application.Join().cause == CloseCause::kNone);
  peer.Join();
}

TEST_CASE("a close timeout is met while nobody consumes") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.ReadToEnd();
  });
  SessionConfig config = PausingConfig(peer.port());
  config.close_timeout = Count(Units(5));
  Application application(config);
  application.Open();
  application.AwaitFirstMessage();
  application.Close();
  CHECK(application.Join().cause == CloseCause::kCloseTimeout);
}

TEST_CASE("while paused what is sent goes out and pings of the application too") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.Expect({core::Opcode::kText, "out"});
    p.Expect({core::Opcode::kPing, "ping"});
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  application.Send({test::TextRecord("out"), test::PingRecord(1, "ping")});
  peer.Join();
}

TEST_CASE("a release of the last batch is enough to go on") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.Expect({core::Opcode::kText, "seen"});
    p.Send(ServerFrame(0x89, "read on"));
    p.Expect(test::SentPong("read on"));
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  MessageBatch batch;
  while (application.delivery().Take(batch).taken != DeliveryQueue::Taken::kBatch) continue;
  application.SendText("seen");
  CHECK(application.delivery().Release(batch));
  application.Post(Resume{});
  peer.Join();
}

TEST_CASE("a resume that is late does not resume a queue that is full again") {
  const std::string flood = Flood();
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x81, "one"));
    p.Expect({core::Opcode::kText, "resumed"});
    CHECK(p.SendUntilStuck(flood) < flood.size());
  });
  Application application(PausingConfig(peer.port()));
  application.Open();
  application.AwaitFirstMessage();
  application.Post(Resume{});
  application.SendText("resumed");
  peer.Join();
}

TEST_CASE("what inflates to more than the mark is not inflated before there is room") {
  constexpr int kCount = 16;
  constexpr std::size_t kSize = std::size_t{4} << 20;
  // All of them fit into one read.
  std::string flood;
  for (int i = 0; i < kCount; ++i) flood += CompressedFrame(kSize);
  CHECK(flood.size() < std::size_t{1} << 20);
  Gate over;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(flood);
    over.Wait();
  });
  SessionConfig config = DialConfig(peer.port());
  config.marks = {.high_bytes = kSize, .low_bytes = 0};
  Application application(config);
  application.Open({.deflate = core::DeflateConfig{}});
  for (int i = 0; i < kCount; ++i) {
    const auto message = application.Receive();
    REQUIRE(message);
    CHECK(message->payload.size() == kSize);
    CHECK(application.delivery().held() <= 3 * kSize);
  }
  over.Open();
  application.Post(Terminate{});
  (void)application.Join();
}

}  // namespace
}  // namespace hawser::reader
