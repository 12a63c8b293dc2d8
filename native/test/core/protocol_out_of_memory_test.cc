// Running out of memory at any point fails the connection, and nothing else. Not built for ThreadSanitizer, which
// brings an operator new of its own; nothing here has to do with threads.
#include <doctest/doctest.h>

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
using test::Client;
using test::SentClose;
using test::SentFrames;
using test::ServerFrame;

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
  client.Receive(ServerFrame(0x82, std::string(100'000, 'x')), test::Path::kDirect);
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
  CHECK_FALSE(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("late")));
  CHECK(client.Sent().empty());
}

TEST_CASE("a message that cannot be sent for lack of memory leaves the queue as it was") {
  Client client;
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("before"));
  const std::string big(100'000, 'x');
  {
    const test::FailingNew failing(0);
    CHECK_THROWS_AS(client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan(big)), std::bad_alloc);
  }
  client.protocol.SendMessage({.opcode = Opcode::kText}, AsSpan("after"));
  CHECK(client.Sent() == SentFrames{{Opcode::kText, "before"}, {Opcode::kText, "after"}});
}

}  // namespace
}  // namespace hawser::core
