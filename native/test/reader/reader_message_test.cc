// Messages from the peer, as they arrive in the application's hands.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "reader/reader.h"
#include "test/support/bytes.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::reader {
namespace {

using core::CloseCause;
using test::Application;
using test::Binary;
using test::DialConfig;
using test::Event;
using test::Events;
using test::Gate;
using test::Peer;
using test::ScriptedPeer;
using test::SentPong;
using test::ServerFrame;
using test::Text;

// What an application receives from a peer that sends `bytes` in one piece, or byte by byte, and ends the stream.
Events ReceiveFrom(const std::string& bytes, bool in_pieces = false) {
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    if (in_pieces) {
      for (const char byte : bytes) p.Send({&byte, 1});
    } else {
      p.Send(bytes);
    }
    p.HalfClose();
    p.ReadToEnd();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  Events events = application.ReceiveAll();
  CHECK(application.Join().cause == CloseCause::kEndOfStream);
  return events;
}

std::string Patterned(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + (i >> 10));
  return bytes;
}

// Compares without printing megabytes.
void ExpectOne(const Events& events, const Event& expected) {
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == expected.kind);
  CHECK(events[0].payload.size() == expected.payload.size());
  CHECK((events[0].payload == expected.payload));
}

TEST_CASE("text and binary arrive in order, each as what it is") {
  const std::string bytes = ServerFrame(0x81, "text") + ServerFrame(0x82, Patterned(5)) + ServerFrame(0x81, "é€😀");
  const Events expected = {Text("text"), Binary(Patterned(5)), Text("é€😀")};
  CHECK(ReceiveFrom(bytes) == expected);
  CHECK(ReceiveFrom(bytes, true) == expected);
}

TEST_CASE("empty messages arrive") {
  CHECK(ReceiveFrom(ServerFrame(0x81, "") + ServerFrame(0x82, "")) == Events{Text(""), Binary("")});
}

TEST_CASE("a fragmented message arrives whole, also around pings") {
  const std::string bytes =
      ServerFrame(0x01, "one ") + ServerFrame(0x89, "p") + ServerFrame(0x00, "two ") + ServerFrame(0x80, "three");
  CHECK(ReceiveFrom(bytes) == Events{Text("one two three")});
  CHECK(ReceiveFrom(bytes, true) == Events{Text("one two three")});
}

TEST_CASE("a ping is answered, with nobody asking") {
  ScriptedPeer peer([](Peer& p) {
    p.AcceptWebSocket();
    p.Send(ServerFrame(0x89, "are you there"));
    p.Expect(SentPong("are you there"));
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  peer.Join();
}

TEST_CASE("messages are published though the text behind them turns out invalid") {
  Gate received;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWebSocket();
    // Each in a turn of its own, so that the last can be filled further.
    for (const char* text : {"one", "two", "three"}) {
      p.Send(ServerFrame(0x81, text) + ServerFrame(0x89, text));
      p.Expect(SentPong(text));
    }
    p.Send(ServerFrame(0x81, "\xFF"));
    received.Wait();
  });
  Application application(DialConfig(peer.port()));
  application.Open();
  (void)application.Await<Closing>();
  const auto failed = test::Clock::now();
  for (const char* text : {"one", "two", "three"}) CHECK(application.Receive() == Text(text));
  CHECK(test::Since(failed) < test::Units(50));  // rather than at the end, a second later
  received.Open();
}

TEST_CASE("a message of 1 MiB arrives whole") {
  ExpectOne(ReceiveFrom(ServerFrame(0x82, Patterned(1 << 20))), Binary(Patterned(1 << 20)));
}

TEST_CASE("a text of 1 MiB arrives whole") {
  const std::string ascii(1 << 20, 'x');
  ExpectOne(ReceiveFrom(ServerFrame(0x81, ascii)), Text(ascii));
  std::string others;
  while (others.size() < 1 << 20) others += "é€😀";
  ExpectOne(ReceiveFrom(ServerFrame(0x81, others)), Text(others));
}

TEST_CASE("a message of 16 MiB arrives whole") {
  ExpectOne(ReceiveFrom(ServerFrame(0x82, Patterned(16 << 20))), Binary(Patterned(16 << 20)));
}

TEST_CASE("large messages keep their place between small ones") {
  const std::string large = Patterned(200'000);
  std::string bytes;
  Events expected;
  for (int i = 0; i < 20; ++i) {
    bytes += ServerFrame(0x81, std::to_string(i)) + ServerFrame(0x82, large);
    expected.push_back(Text(std::to_string(i)));
    expected.push_back(Binary(large));
  }
  CHECK((ReceiveFrom(bytes) == expected));
}

TEST_CASE("a hundred thousand small messages arrive, all and in order") {
  constexpr int kCount = 100'000;
  std::string bytes;
  for (int i = 0; i < kCount; ++i) bytes += ServerFrame(0x81, std::to_string(i));
  const Events events = ReceiveFrom(bytes);
  REQUIRE(events.size() == kCount);
  int wrong = 0;
  for (int i = 0; i < kCount; ++i) wrong += events[static_cast<std::size_t>(i)] == Text(std::to_string(i)) ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("a flood of messages of all kinds and sizes arrives, all and in order") {
  std::string bytes;
  Events expected;
  std::minstd_rand random(1);
  for (int i = 0; i < 5000; ++i) {
    // Mostly small, now and then beyond what one read or one batch holds; most neighbours are of the same kind.
    const std::size_t size = random() % (std::size_t{1} << random() % 18);
    if (const auto kind = random() / 64 % 8; kind == 0) {
      std::string text;
      while (text.size() < size) text += "é€😀";
      bytes += ServerFrame(0x81, text);
      expected.push_back(Text(text));
    } else if (kind == 1 && size > 1) {
      const std::string binary = Patterned(size);
      bytes += ServerFrame(0x02, binary.substr(0, size / 2)) + ServerFrame(0x89, "") +
               ServerFrame(0x80, binary.substr(size / 2));
      expected.push_back(Binary(binary));
    } else {
      const std::string text(size, static_cast<char>('a' + i % 26));
      bytes += ServerFrame(kind < 5 ? 0x81 : 0x82, text);
      expected.push_back(kind < 5 ? Text(text) : Binary(text));
    }
  }
  CHECK((ReceiveFrom(bytes) == expected));
}

}  // namespace
}  // namespace hawser::reader
