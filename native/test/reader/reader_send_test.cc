// What the application sends, as the peer reads it; and what happens while the peer does not.
#include <doctest/doctest.h>

#include <string>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::Opcode;
using test::Application;
using test::BinaryRecord;
using test::DialConfig;
using test::Gate;
using test::Peer;
using test::PingRecord;
using test::PongRecord;
using test::ScriptedPeer;
using test::SentClose;
using test::SentFrame;
using test::ServerFrame;
using test::Text;
using test::TextRecord;

// More than the sockets between the two ends hold.
constexpr std::size_t kTooMuch = std::size_t{16} << 20;

TEST_CASE("the sends of one turn arrive in order, masked, each in a frame of its own") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kText, "text"});
    p.Expect({Opcode::kBinary, std::string("\0\1\2", 3)});
    p.Expect({Opcode::kPing, "ping"});
    p.Expect({Opcode::kPong, "pong"});
    p.Expect({Opcode::kText, ""});
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Send({TextRecord("text"), BinaryRecord(std::string("\0\1\2", 3)), PingRecord(1, "ping"),
                    PongRecord("pong"), TextRecord("")});
  peer.Join();
}

TEST_CASE("a large message keeps its place between small ones") {
  const std::string large(std::size_t{1} << 20, 'L');
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kText, "before"});
    CHECK((p.ReadFrame() == SentFrame{Opcode::kBinary, large}));
    p.Expect({Opcode::kText, "after"});
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendText("before");
  application.SendLarge(Opcode::kBinary, large);
  application.SendText("after");
  peer.Join();
}

TEST_CASE("a message of 16 MiB arrives whole at a peer that reads slowly") {
  const std::string large(std::size_t{16} << 20, 'L');
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Delay(test::Units(2));
    CHECK((p.ReadFrame() == SentFrame{Opcode::kText, large}));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendLarge(Opcode::kText, large);
  peer.Join();
}

TEST_CASE("what is buffered falls to zero when all is written") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendText("one");
  application.SendLarge(Opcode::kBinary, std::string(1'000'000, 'x'));
  application.AwaitDrained();
  CHECK(application.buffered() == 0);
}

TEST_CASE("the notice of a drained output waits until the peer reads again") {
  Gate read;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    read.Wait();
    p.ReadToEnd();
  });
  SessionConfig config = DialConfig(peer.port());
  config.write_low = 1000;
  Application application(config);
  application.Open();
  application.SendLarge(Opcode::kBinary, std::string(kTooMuch, 'x'));
  application.Post(NotifyDrained{});
  CHECK(application.buffered() > 1000);
  read.Open();
  (void)application.Await<Drained>();
  CHECK(application.buffered() <= 1000);
}

TEST_CASE("what is buffered falls while a big message is being written") {
  Gate half_read;
  Gate drained;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Skip(kTooMuch / 2);
    half_read.Open();
    drained.Wait();
  });
  SessionConfig config = DialConfig(peer.port());
  config.write_low = kTooMuch * 3 / 4;
  Application application(config);
  application.Open();
  application.SendLarge(Opcode::kBinary, std::string(kTooMuch, 'x'));
  half_read.Wait();
  application.AwaitDrained();
  CHECK(application.buffered() <= config.write_low);
  drained.Open();
}

TEST_CASE("an output that is not full tells at once that it is drained") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.AwaitDrained();
}

TEST_CASE("a pong overtakes messages that have not begun to be written") {
  constexpr std::size_t kMessages = 64;
  Gate sent;
  Gate read;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    sent.Wait();
    p.Send(ServerFrame(0x89, "urgent") + ServerFrame(0x81, "go"));
    read.Wait();
    std::size_t before = 0;
    while (p.ReadFrame().opcode != Opcode::kPong) ++before;
    CHECK(before < kMessages);
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  for (std::size_t i = 0; i < kMessages; ++i) {
    application.SendLarge(Opcode::kBinary, std::string(kTooMuch / kMessages, 'x'));
  }
  sent.Open();
  CHECK(application.Receive() == Text("go"));
  read.Open();
  application.AwaitDrained();
  application.reader().Terminate();
  (void)application.Join();
  peer.Join();
}

TEST_CASE("the application can be ended while the peer does not read") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Delay(test::Patience());
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendLarge(Opcode::kBinary, std::string(kTooMuch, 'x'));
  application.reader().Terminate();
  CHECK(application.Join().cause == CloseCause::kTerminated);
}

TEST_CASE("a Close waits its turn behind what was sent before") {
  const std::string large(kTooMuch, 'L');
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    CHECK(p.ReadFrame().payload.size() == large.size());
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x88, test::BigEndian(1000, 2)));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.SendLarge(Opcode::kBinary, large);
  application.Close();
  CHECK(application.Join().cause == CloseCause::kNone);
  peer.Join();
}

TEST_CASE("nothing is sent behind a Close") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.Send(ServerFrame(0x88, test::BigEndian(1000, 2)));
    p.HalfClose();
    p.ExpectEndOfStream();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  application.Send({TextRecord("late"), PingRecord(1, "late"), PongRecord("late")});
  application.SendLarge(Opcode::kBinary, "late");
  (void)application.Join();
  peer.Join();
}

TEST_CASE("a ping's pong tells its id and latency") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kPing, "one"});
    p.Expect({Opcode::kPing, "two"});
    p.Delay(test::Units(1));
    p.Send(ServerFrame(0x8A, "foreign") + ServerFrame(0x8A, "two"));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Send({PingRecord(7, "one"), PingRecord(8, "two")});
  const auto first = application.Await<PongReceived>();
  CHECK(first.id == 7);
  CHECK(first.latency >= static_cast<double>(test::Units(1).count()) - 1);
  CHECK(application.Await<PongReceived>().id == 8);
  CHECK(application.delivery().latency() > 0);
}

}  // namespace
}  // namespace hawser::reader
