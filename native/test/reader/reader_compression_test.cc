// Compressed and fragmented messages over a socket, both ways, and the failure of a connection that could not complete
// what it had begun to send.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/contents.h"
#include "test/support/peer_deflate.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using core::CloseOutcome;
using core::Opcode;
using test::Application;
using test::Binary;
using test::BinaryRecord;
using test::CompressedRecord;
using test::DialConfig;
using test::Events;
using test::Gate;
using test::Hex;
using test::Peer;
using test::PeerDeflater;
using test::PeerInflater;
using test::Prose;
using test::Record;
using test::ScriptedPeer;
using test::SentClose;
using test::SentFrame;
using test::ServerFrame;
using test::Text;
using test::TextRecord;

const Start kCompressed{.deflate = core::DeflateConfig()};

TEST_CASE("compressed messages arrive inflated between plain ones, whatever their size") {
  const std::string large = Prose(3'000'000);
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    PeerDeflater deflater;
    p.Send(ServerFrame(0xC1, deflater.Message("first")) + ServerFrame(0x81, "plain"));
    p.Send(ServerFrame(0xC2, deflater.Message(large)) + ServerFrame(0x81, "é€😀"));
    p.Send(ServerFrame(0xC1, deflater.Message("é€😀")));
    p.HalfClose();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open(kCompressed);
  CHECK((application.ReceiveAll() == Events{Text("first"), Text("plain"), Binary(large), Text("é€😀"), Text("é€😀")}));
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
}

TEST_CASE("a compressed message that came with the answer to the handshake arrives inflated") {
  ScriptedPeer peer([](Peer& p) {
    p.Accept();
    (void)p.ReadHead();
    p.Send(std::string(test::kResponseHead) + ServerFrame(0xC1, Hex("f2 48 cd c9 c9 07 00")));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open(kCompressed);
  CHECK(application.Receive() == Text("Hello"));
}

TEST_CASE("a fragment is taken while its message goes on") {
  Gate taken;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    PeerDeflater deflater;
    p.Send(ServerFrame(0x41, deflater.Part("begin\xC3")));
    taken.Wait();
    p.Send(ServerFrame(0x80, deflater.Message("\xA9nd")));
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open(kCompressed);
  CHECK(application.ReceiveFragment() == test::Event{test::Event::Kind::kText, "begin", true});
  taken.Open();
  CHECK(application.ReceiveFragment() == Text("énd"));
}

TEST_CASE("small fragments read into slabs arrive in order, the last of each message told from the others") {
  constexpr int kMessages = 2000;
  std::string bytes;
  Events expected;
  for (int i = 0; i < kMessages; ++i) {
    const std::string part(static_cast<std::size_t>(i % 300), 'x');
    bytes += ServerFrame(0x01, "é" + part) + ServerFrame(0x00, std::to_string(i)) + ServerFrame(0x80, part);
    expected.push_back(Text("é" + part + std::to_string(i) + part));
  }
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Send(bytes);
    p.HalfClose();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  CHECK((application.ReceiveAll() == expected));
}

TEST_CASE("RSV1 fails a connection for which compression was not agreed upon") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0xC1, Hex("f2 48 cd c9 c9 07 00")));
    p.Expect(SentClose(1002, "reserved bits are set"));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  CHECK_FALSE(application.Receive());
  CHECK(application.Join().error.kind == core::ErrorKind::kReservedBits);
}

TEST_CASE("messages are sent compressed if they ask for it, small and large, each in its place") {
  const std::string large = Prose(2'000'000);
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    PeerInflater inflater;
    p.Expect({Opcode::kText, Hex("f2 48 cd c9 c9 07 00"), true, true});
    (void)inflater.Message(Hex("f2 48 cd c9 c9 07 00"));
    p.Expect({Opcode::kBinary, "plain"});
    const SentFrame frame = p.ReadFrame();
    CHECK(frame.rsv1);
    CHECK(frame.payload.size() < large.size() / 2);
    CHECK((inflater.Message(frame.payload) == large));
    p.Expect({Opcode::kText, ""});
    CHECK(inflater.Message(p.ReadFrame().payload) == "after");
  });
  Application application(DialConfig(peer.port()));
  application.Open(kCompressed);
  application.Send({CompressedRecord("Hello"), BinaryRecord("plain")});
  application.SendLarge({.opcode = Opcode::kText, .compress = true}, large);
  application.Send({CompressedRecord(""), CompressedRecord("after")});
  peer.Join();
}

TEST_CASE("fragments are sent as they are given, with pings between them") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kText, "one ", false});
    p.Expect({Opcode::kPing, "ping"});
    p.Expect({Opcode::kContinuation, "two ", false});
    p.Expect({Opcode::kContinuation, "three"});
    p.Expect({Opcode::kText, "next"});
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Send({Record{RecordType::kText, "one ", kRecordMore}, test::PingRecord(1, "ping")});
  application.SendLarge({.opcode = Opcode::kText, .more = true}, "two ");
  application.Send({TextRecord("three"), TextRecord("next")});
  peer.Join();
}

TEST_CASE("what is buffered falls to zero when all that is compressed is written") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open(kCompressed);
  for (int round = 0; round < 3; ++round) {
    application.Send({CompressedRecord(Prose(1000)), TextRecord("plain"), CompressedRecord("")});
    application.SendLarge({.opcode = Opcode::kBinary, .more = true, .compress = true}, Prose(3'000'000));
    application.SendLarge({.opcode = Opcode::kBinary}, "");
    application.AwaitDrained();
    CHECK(application.buffered() == 0);
  }
}

TEST_CASE("a connection that is failed sends its Close and its end, takes no more of either side, and ends") {
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kText, "begun", false});
    p.Expect(SentClose(1011, "source failed"));
    p.ExpectEndOfStream();
    p.Send(ServerFrame(0x81, "late"));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Send({Record{RecordType::kText, "begun", kRecordMore}});
  application.Post(FailConnection{.code = 1011, .reason = "source failed"});
  application.Send({TextRecord("late")});
  application.Close();
  (void)application.Await<Closing>();
  CHECK_FALSE(application.Receive());
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 1011);
  CHECK(outcome.sent->reason == "source failed");
  CHECK_FALSE(outcome.received);
  CHECK(outcome.error.kind == core::ErrorKind::kNone);
  peer.Join();
}

TEST_CASE("a connection that is failed behind its Close sends no second one") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect(SentClose(1000));
    p.ExpectEndOfStream();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  application.Close();
  application.Post(FailConnection{.code = 1011, .reason = "failed"});
  const CloseOutcome outcome = application.Join();
  REQUIRE(outcome.sent);
  CHECK(outcome.sent->code == 1000);
}

TEST_CASE("there is nothing to fail before frames are exchanged") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Expect({Opcode::kText, "all is well"});
  });
  Application application(DialConfig(peer.port()));
  application.Post(FailConnection{.code = 1011, .reason = "too early"});
  application.Open();
  application.SendText("all is well");
  peer.Join();
}

}  // namespace
}  // namespace hawser::reader
