// Memory: read straight into big messages, allocated as bytes come, and running out of it at any point.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "core/protocol.h"
#include "test/support/deliver.h"
#include "test/support/failing_new.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::BigEndian;
using test::Binary;
using test::Client;
using test::Events;
using test::Hex;
using test::SentClose;
using test::SentFrames;
using test::ServerFrame;
using test::Text;

TEST_CASE("offers no target between frames, in headers, in small frames and in control frames") {
  Client client;
  CHECK(client.protocol.ReceiveTarget().empty());
  client.Receive(Hex("82"));
  CHECK(client.protocol.ReceiveTarget().empty());
  client.Receive(Hex("05") + "ab");
  CHECK(client.protocol.ReceiveTarget().empty());
  client.Receive("cde" + Hex("89 05") + "ab");
  CHECK(client.protocol.ReceiveTarget().empty());
}

TEST_CASE("offers a target inside a big frame, and not beyond it") {
  Client client;
  client.Receive(Hex("82 7f 00 00 00 00 00 01 00 00") + "x");
  const auto target = client.protocol.ReceiveTarget();
  CHECK(target.size() == 65'535);
  std::memset(target.data(), 'x', target.size());
  client.protocol.Received(target.size(), client.sink);
  CHECK(client.events == Events{Binary(std::string(65'536, 'x'))});
  CHECK(client.protocol.ReceiveTarget().empty());
  client.Receive(ServerFrame(0x81, "next"));
  CHECK(client.events.back() == Text("next"));
}

TEST_CASE("a big message may come through targets and pieces in turn") {
  Client client;
  std::string text;
  while (text.size() < 300'000) text += "Zoë 漢字 🚀 ";
  const std::string bytes = ServerFrame(0x81, text);
  std::size_t at = 0;
  for (bool direct = false; at < bytes.size(); direct = !direct) {
    const std::string piece = bytes.substr(at, 7001);
    client.Receive(piece, direct);
    at += piece.size();
  }
  CHECK(client.events == Events{Text(text)});
}

TEST_CASE("offers no target once the input is over") {
  Client client;
  client.Receive(Hex("82 7f 00 00 00 00 00 01 00 00") + "x");
  const auto target = client.protocol.ReceiveTarget();
  client.protocol.Fail(1011, "enough");
  CHECK(client.protocol.ReceiveTarget().empty());
  std::memset(target.data(), 'x', target.size());  // a read that was under way still has its memory
  client.protocol.Received(target.size(), client.sink);
  CHECK(client.events.empty());
}

TEST_CASE("accepts a header of 2^63 - 1 bytes under an endless limit without allocating them") {
  Client client({.max_message_size = std::numeric_limits<std::uint64_t>::max()});
  client.Receive(Hex("82 7f 7f ff ff ff ff ff ff ff") + "some bytes");
  CHECK_FALSE(client.protocol.input_done());
  CHECK(client.protocol.ReceiveTarget().size() <= 64 * 1024);
}

TEST_CASE("fails with 1011 when the sink has no memory, at whatever call") {
  for (int calls = 0; calls < 8; ++calls) {
    Client client;
    client.sink.calls_until_out_of_memory = calls;
    const std::string large(40'000, 'x');
    client.Receive(ServerFrame(0x81, "a") + ServerFrame(0x81, "é") + ServerFrame(0x89, "p") + ServerFrame(0x82, large) +
                   ServerFrame(0x8A, "q") + ServerFrame(0x81, "never"));
    INFO("after ", calls, " calls");
    CHECK(client.ErrorKind() == ErrorKind::kOutOfMemory);
    CHECK(client.protocol.input_done());
    CHECK(client.Sent().back() == SentClose(1011, "out of memory"));
    const CloseOutcome outcome = std::move(client.protocol).TakeOutcome();
    CHECK(outcome.cause == CloseCause::kInternal);
    CHECK(outcome.detail == "out of memory");
  }
}

TEST_CASE("fails with 1011 when the sink has no memory for a message read directly") {
  Client client;
  client.sink.calls_until_out_of_memory = 0;
  client.Receive(ServerFrame(0x82, std::string(100'000, 'x')), true);
  CHECK(client.ErrorKind() == ErrorKind::kOutOfMemory);
}

TEST_CASE("an allocation that fails anywhere while receiving fails the connection and nothing else") {
  const std::string reason(100, 'r');
  const std::string bytes = ServerFrame(0x01, "frag") + ServerFrame(0x89, "ping") + ServerFrame(0x80, "ment") +
                            ServerFrame(0x81, "é") + ServerFrame(0x88, BigEndian(1000, 2) + reason);
  bool failed = true;
  int failures = 0;
  for (int allowed = 0; failed; ++allowed) {
    Client client;
    {
      const test::FailingNew failing(allowed);
      client.protocol.Receive(AsSpan(bytes), client.sink);
      failed = test::FailingNew::Failed();
    }
    INFO("after ", allowed, " allocations");
    CHECK(client.protocol.input_done());
    CHECK((client.ErrorKind() == ErrorKind::kOutOfMemory) == failed);
    if (failed) CHECK(client.Sent().back() == SentClose(1011, "out of memory"));
    failures += failed ? 1 : 0;
  }
  CHECK(failures > 5);
}

TEST_CASE("a connection that fails without memory for a Close fails all the same") {
  Client client;
  {
    const test::FailingNew failing(0);
    client.protocol.Fail(1011, "a reason too long to be kept without an allocation of its own");
  }
  CHECK(client.protocol.input_done());
  CHECK_FALSE(client.protocol.close_sent());
  CHECK_FALSE(client.protocol.SendMessage(Opcode::kText, AsSpan("late")));
  CHECK(client.Sent().empty());
}

TEST_CASE("a message that cannot be sent for lack of memory leaves the queue as it was") {
  Client client;
  client.protocol.SendMessage(Opcode::kText, AsSpan("before"));
  const std::string big(100'000, 'x');
  {
    const test::FailingNew failing(0);
    CHECK_THROWS_AS(client.protocol.SendMessage(Opcode::kText, AsSpan(big)), std::bad_alloc);
  }
  client.protocol.SendMessage(Opcode::kText, AsSpan("after"));
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "before"}, {Opcode::kText, "after"}});
}

}  // namespace
}  // namespace hawser::core
