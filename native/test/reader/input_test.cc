// Where bytes are read to, and that they become messages from wherever that was.
#include "reader/input.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "test/support/bytes.h"
#include "test/support/fixed_keys.h"
#include "test/support/reader/application.h"

namespace hawser::reader {
namespace {

using test::Binary;
using test::Events;
using test::ServerFrame;
using test::Text;

// Than what is a while.
constexpr test::Milliseconds kLonger{1500};

// Plays the session's part, and the transport's.
class InputRig final : core::EventSink {
 public:
  explicit InputRig(std::uint64_t most = QueueMarks::kNone) : input(loop, protocol_, *this, writer_, most) {}

  // Reads as many as there is room for in one read, and removes them.
  void Read(std::string& bytes) {
    const auto target = input.Target();
    const std::size_t size = std::min(bytes.size(), target.size());
    std::memcpy(target.data(), bytes.data(), size);
    bytes.erase(0, size);
    input.Received(size);
    while (input.has_rest()) input.ReceiveRest();
  }
  void ReadAll(std::string bytes) {
    while (!bytes.empty()) Read(bytes);
  }
  // Makes slabs worth their memory.
  void BeBusy() {
    ReadAll(ServerFrame(0x82, std::string(60'000, 'b')));
    (void)Take();
  }
  bool Targets(std::span<const std::uint8_t> memory) {
    const auto target = input.Target();
    input.Received(0);
    return target.data() >= memory.data() && target.data() < memory.data() + memory.size();
  }
  // All batches' messages. The last batch stays in `batch`.
  Events Take() {
    Events events;
    writer_.Publish();
    for (MessageBatch next; delivery_.Take(next).taken == DeliveryQueue::Taken::kBatch;) {
      batch = std::exchange(next, {});
      for (test::Event& event : test::Decode(batch)) events.push_back(std::move(event));
    }
    return events;
  }

  Loop loop;
  MessageBatch batch;

 private:
  std::uint8_t* Reserve(std::size_t size) override { return writer_.Reserve(size); }
  void Commit(core::MessageForm form, std::size_t size) override { writer_.Commit(form, size); }
  bool CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message) override {
    return writer_.CommitInPlace(form, message);
  }
  void CommitLarge(core::MessageForm form, core::Payload message) override {
    writer_.CommitLarge(form, std::move(message));
  }
  void ReceivePing(std::span<const std::uint8_t>) override { throw std::runtime_error("no pings"); }
  void ReceivePong(std::span<const std::uint8_t>) override {}

  DeliveryQueue delivery_{{}};
  test::SilentBell bell_;
  MessageWriter writer_{delivery_, bell_};
  test::FixedKeys keys_;
  core::Protocol protocol_{{}, keys_};

 public:
  Input input;
};

TEST_CASE("a connection with little to read is read into the loop's chunk") {
  InputRig rig;
  for (int i = 0; i < 3; ++i) {
    CHECK(rig.Targets(rig.loop.chunk()));
    rig.ReadAll(ServerFrame(0x81, "little"));
  }
  CHECK(rig.Take() == Events{Text("little"), Text("little"), Text("little")});
  CHECK_FALSE(rig.batch.in_place());
}

TEST_CASE("a connection with much to read is read into a slab, and its messages stay there") {
  InputRig rig;
  rig.BeBusy();
  CHECK_FALSE(rig.Targets(rig.loop.chunk()));
  rig.ReadAll(ServerFrame(0x82, std::string(20'000, 'b')) + ServerFrame(0x81, std::string(20'000, 't')));
  CHECK((rig.Take() == Events{Binary(std::string(20'000, 'b')), Text(std::string(20'000, 't'))}));
  CHECK(rig.batch.in_place());
  rig.input.Stop();
}

TEST_CASE("what a big read brings may end in the middle of a message, which then lies whole in the slab") {
  InputRig rig;
  rig.BeBusy();
  const std::string text(15'000, 't');
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += ServerFrame(0x81, text);
  rig.ReadAll(bytes.substr(0, 70'000));
  CHECK((rig.Take() == Events(4, Text(text))));
  rig.ReadAll(bytes.substr(70'000));
  CHECK((rig.Take() == Events(4, Text(text))));
  CHECK(rig.batch.in_place());
  CHECK(rig.batch.messages() == 4);
  rig.input.Stop();
}

TEST_CASE("messages in a slab are safe where an exception ends the looking at what was read") {
  InputRig rig;
  rig.BeBusy();
  const std::string text(40'000, 't');
  CHECK_THROWS(rig.ReadAll(ServerFrame(0x81, text) + ServerFrame(0x89, "") + ServerFrame(0x81, "lost")));
  const auto target = rig.input.Target();
  std::memset(target.data(), '!', target.size());
  CHECK((rig.Take() == Events{Text(text)}));
  CHECK(rig.batch.in_place());
  rig.input.Stop();
}

TEST_CASE("few bytes are copied out of a slab, which is read into again") {
  InputRig rig;
  rig.BeBusy();
  const auto before = rig.input.Target();
  rig.input.Received(0);
  rig.ReadAll(ServerFrame(0x81, "little"));
  CHECK(rig.Take() == Events{Text("little")});
  CHECK_FALSE(rig.batch.in_place());
  CHECK(rig.input.Target().data() == before.data());
  rig.input.Stop();
}

TEST_CASE("the rest of a big message is read into its own memory") {
  for (const bool busy : {false, true}) {
    InputRig rig;
    if (busy) rig.BeBusy();
    const std::string big(3 * Slab::kSize, 'b');
    const std::string bytes = ServerFrame(0x82, big);
    rig.ReadAll(bytes.substr(0, 1000));
    CHECK_FALSE(rig.Targets(rig.loop.chunk()));
    rig.ReadAll(bytes.substr(1000));
    CHECK((rig.Take() == Events{Binary(big)}));
    CHECK(rig.batch.large_count() == 1);
    rig.input.Stop();
  }
}

TEST_CASE("a read lets in no more than asked for, but a chunk") {
  for (const auto& [most, expected] : {std::pair<std::size_t, std::size_t>{0, 65'536}, {100'000, 100'000}}) {
    InputRig rig(most);
    rig.BeBusy();
    CHECK(rig.input.Target().size() == expected);
    rig.input.Stop();
  }
}

// How long slabs are kept: as long as something keeps the loop alive.
test::Milliseconds AwaitQuiet(InputRig& rig) {
  const auto start = test::Clock::now();
  rig.loop.Run();
  CHECK(rig.Targets(rig.loop.chunk()));
  return test::Since(start);
}

TEST_CASE("slabs are given back once there was little to read for a while") {
  InputRig rig;
  rig.BeBusy();
  CHECK_FALSE(rig.Targets(rig.loop.chunk()));
  CHECK(AwaitQuiet(rig) < test::Patience());
}

TEST_CASE("a slab is not given back while messages lie in it") {
  InputRig rig;
  rig.BeBusy();
  rig.ReadAll(ServerFrame(0x81, std::string(40'000, 't')));
  (void)rig.Take();
  REQUIRE(rig.batch.in_place());
  Timer consume(rig.loop.uv(), [&] { rig.batch.Clear(); });
  consume.Start(test::Count(kLonger));
  CHECK(AwaitQuiet(rig) >= kLonger);
}

TEST_CASE("a slab is not given back while a read into it may be under way") {
  InputRig rig;
  rig.BeBusy();
  (void)rig.input.Target();
  Timer read(rig.loop.uv(), [&] { rig.input.Received(0); });
  read.Start(test::Count(kLonger));
  CHECK(AwaitQuiet(rig) >= kLonger);
}

}  // namespace
}  // namespace hawser::reader
