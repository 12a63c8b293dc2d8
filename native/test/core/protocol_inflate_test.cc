// What a protocol makes of compressed messages (RFC 7692): raw frames in, messages out, and what fails them how early.
#include <doctest/doctest.h>

#include <string>

#include "core/protocol.h"
#include "test/support/contents.h"
#include "test/support/deliver.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::Binary;
using test::Client;
using test::Compressed;
using test::Deflated;
using test::Deliver;
using test::Events;
using test::Hex;
using test::PeerDeflater;
using test::Ping;
using test::Prose;
using test::SentClose;
using test::ServerFrame;
using test::Text;

void ExpectInflated(const std::string& bytes, const Events& events, const DeflateConfig& config = {}) {
  Deliver(Compressed({}, config), bytes, [&](Client& client) {
    CHECK(client.events == events);
    CHECK(client.ErrorKind() == ErrorKind::kNone);
    CHECK_FALSE(client.protocol.input_done());
  });
}

void ExpectFailure(const std::string& bytes, ErrorKind kind, const Events& events = {}, const Limits& limits = {}) {
  Deliver(Compressed(limits), bytes + ServerFrame(0x81, "late"), [&](Client& client) {
    CHECK(client.ErrorKind() == kind);
    CHECK(client.events == events);
    CHECK(client.Sent() == test::SentFrames{SentClose(CloseCodeFor(kind), Describe(kind))});
  });
}

TEST_CASE("delivers the compressed messages of RFC 7692 §7.2.3") {
  ExpectInflated(Hex("c1 07 f2 48 cd c9 c9 07 00"), {Text("Hello")});
  ExpectInflated(Hex("41 03 f2 48 cd 80 04 c9 c9 07 00"), {Text("Hello")});
  ExpectInflated(Hex("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00"), {Text("Hello"), Text("Hello")});
  ExpectInflated(Hex("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00"), {Text("Hello")});
  ExpectInflated(Hex("c1 08 f3 48 cd c9 c9 07 00 00"), {Text("Hello")});
  ExpectInflated(Hex("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), {Text("Hello")});
  ExpectInflated(Hex("c1 01 00 c2 01 00"), {Text(""), Binary("")});
}

TEST_CASE("delivers compressed text, binary and text in every script") {
  PeerDeflater peer;
  std::string bytes = ServerFrame(0xC1, peer.Message("Hello"));
  bytes += ServerFrame(0xC2, peer.Message(Hex("00 ff 80")));
  bytes += ServerFrame(0xC1, peer.Message("Zoë 漢字 🚀"));
  Deliver(Compressed(), bytes, [](Client& client) {
    CHECK(client.events == Events{Text("Hello"), Binary(Hex("00 ff 80")), Text("Zoë 漢字 🚀")});
    CHECK(client.sink.kinds == std::vector{MessageKind::kAscii, MessageKind::kBinary, MessageKind::kUtf16});
  });
}

TEST_CASE("delivers plain messages between compressed ones, which refer to each other across them") {
  PeerDeflater peer;
  std::string bytes = ServerFrame(0xC1, peer.Message("compressed, then plain"));
  bytes += ServerFrame(0x81, "plain") + ServerFrame(0x01, "fragments, ") + ServerFrame(0x80, "plain as well");
  bytes += ServerFrame(0xC1, peer.Message("compressed, then plain, then the end"));
  ExpectInflated(bytes, {Text("compressed, then plain"), Text("plain"), Text("fragments, plain as well"),
                         Text("compressed, then plain, then the end")});
}

TEST_CASE("delivers fragmented compressed messages around pings, cut in the middle of a code or of a text's") {
  const std::string payload = Deflated("é€😀 as fragments of any size");
  for (std::size_t size = 1; size < payload.size(); ++size) {
    std::string bytes = ServerFrame(0x41, payload.substr(0, size)) + ServerFrame(0x89, "p");
    bytes += ServerFrame(0x00, "") + ServerFrame(0x80, payload.substr(size));
    Client client;
    client.protocol.EnableCompression({});
    client.Receive(bytes);
    CHECK(client.events == Events{Ping("p"), Text("é€😀 as fragments of any size")});
    CHECK(client.sink.fragments.size() == 3);
  }
  ExpectInflated(
      ServerFrame(0x41, payload.substr(0, 9)) + ServerFrame(0x89, "p") + ServerFrame(0x80, payload.substr(9)),
      {Ping("p"), Text("é€😀 as fragments of any size")});
}

TEST_CASE("delivers messages with the window that was agreed upon, kept or not") {
  PeerDeflater peer(9);
  std::string bytes = ServerFrame(0xC2, peer.Message(Prose(1000)));
  bytes += ServerFrame(0xC2, peer.Message(Prose(1000)));
  ExpectInflated(bytes, {Binary(Prose(1000)), Binary(Prose(1000))}, {.server_max_window_bits = 9});
  ExpectInflated(ServerFrame(0xC2, Deflated("again")) + ServerFrame(0xC2, Deflated("again")),
                 {Binary("again"), Binary("again")}, {.server_no_context_takeover = true});
}

TEST_CASE("delivers large compressed messages on their own, smaller ones within a batch") {
  const std::string small(kLargeMessage, 'x');
  const std::string large(kLargeMessage + 1, 'y');
  std::string others;
  while (others.size() <= kLargeMessage) others += "漢";
  PeerDeflater peer;
  std::string bytes = ServerFrame(0xC1, peer.Message(small));
  for (const std::string& message : {large, others, Prose(200'000)}) bytes += ServerFrame(0xC1, peer.Message(message));
  bytes += ServerFrame(0x41, peer.Part(small));
  bytes += ServerFrame(0x80, peer.Message(large));
  for (const std::size_t step : {bytes.size(), std::size_t{1000}, std::size_t{1}}) {
    Client client;
    client.protocol.EnableCompression({});
    for (std::size_t at = 0; at < bytes.size(); at += step) client.Receive(bytes.substr(at, step));
    CHECK((client.events == Events{Text(small), Text(large), Text(others), Text(Prose(200'000)), Text(small + large)}));
    CHECK(client.sink.large == std::vector<bool>{false, true, true, true, false, true});
  }
}

TEST_CASE("fails on RSV1 where compression was not agreed upon") {
  test::ExpectFailure(Hex("c1 07 f2 48 cd c9 c9 07 00"), ErrorKind::kReservedBits);
}

TEST_CASE("fails on RSV1 on a frame that is not a message's first, and on the other reserved bits anywhere") {
  ExpectFailure(Hex("41 03 f2 48 cd c0 04 c9 c9 07 00"), ErrorKind::kReservedBits);
  ExpectFailure(Hex("01 03") + "abc" + Hex("c0 00"), ErrorKind::kReservedBits);
  for (const char* first : {"c8", "c9", "ca", "a1", "91", "f1"}) {
    ExpectFailure(Hex(first) + Hex("00"), ErrorKind::kReservedBits);
  }
}

TEST_CASE("fails on compressed data that is not DEFLATE, at the byte that says so") {
  ExpectFailure(ServerFrame(0xC1, Hex("ff ff")), ErrorKind::kInvalidDeflate);
  ExpectFailure(ServerFrame(0xC2, Hex("f2 48 cd c9 c9 07 00")) + ServerFrame(0xC2, Hex("f2 48 cd 06 06 06 06 06")),
                ErrorKind::kInvalidDeflate, {Binary("Hello")});
  Client client;
  client.protocol.EnableCompression({});
  client.Receive(Hex("41 05 00 05 00 05"));
  CHECK_FALSE(client.protocol.input_done());
  client.Receive(Hex("00"));
  CHECK(client.ErrorKind() == ErrorKind::kInvalidDeflate);
  CHECK(client.Sent().back() == SentClose(1007, "compressed message is not valid DEFLATE data"));
}

TEST_CASE("a compressed message without a byte is empty, and leaves the window as it is") {
  PeerDeflater peer;
  const std::string first = ServerFrame(0xC1, peer.Message("Hello"));
  ExpectInflated(first + Hex("c1 00") + Hex("42 00 80 00") + ServerFrame(0xC1, peer.Message("Hello")),
                 {Text("Hello"), Text(""), Binary(""), Text("Hello")});
}

TEST_CASE("fails on a compressed message that is cut short, once it should be whole") {
  ExpectFailure(Hex("c2 05 f2 48 cd c9 c9"), ErrorKind::kInvalidDeflate);
  ExpectFailure(Hex("42 05 f2 48 cd c9 c9 80 00"), ErrorKind::kInvalidDeflate);
  ExpectFailure(Hex("c2 06 00 05 00 fa ff 48"), ErrorKind::kInvalidDeflate);
  ExpectFailure(Hex("c1 0b f2 48 cd c9 c9 07 00 00 00 ff ff"), ErrorKind::kInvalidDeflate);
}

TEST_CASE("fails on a reference beyond the message where the window is not kept") {
  Deliver(Compressed({}, {.server_no_context_takeover = true}), Hex("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00"),
          [](Client& client) {
            CHECK(client.ErrorKind() == ErrorKind::kInvalidDeflate);
            CHECK(client.events == Events{Text("Hello")});
          });
}

TEST_CASE("fails on compressed text that is not UTF-8") {
  for (const char* bad : {"ff", "c3 28", "ed a0 80", "e2 82"}) {
    ExpectFailure(ServerFrame(0xC1, Deflated("good é " + Hex(bad))), ErrorKind::kInvalidUtf8);
    PeerDeflater peer;
    std::string bytes = ServerFrame(0x41, peer.Part("good é " + Hex(bad)));
    bytes += ServerFrame(0x80, peer.Message(" and more"));
    ExpectFailure(bytes, ErrorKind::kInvalidUtf8);
  }
  ExpectFailure(ServerFrame(0xC1, Deflated(std::string(50'000, 'x') + "\xC3(")), ErrorKind::kInvalidUtf8);
}

TEST_CASE("fails inside a compressed frame, at the byte that reveals invalid text") {
  for (const char* bad : {"(", "\xC3"}) {
    Client client;
    client.protocol.EnableCompression({});
    PeerDeflater peer;
    const std::string good = peer.Part("The first words of a long message \xE2\x82");
    client.Receive(Hex("41 7e 03 e8") + good);
    CHECK_FALSE(client.protocol.input_done());
    client.Receive(peer.Part(bad));
    CHECK(client.ErrorKind() == ErrorKind::kInvalidUtf8);
    CHECK(client.sink.fragments.empty());
  }
}

// However the bytes are cut: Deliver checks that.
TEST_CASE("what is wrong first fails a compressed text, whatever else is wrong behind it") {
  const std::string invalid = PeerDeflater().Part("invalid \xFF text");
  ExpectFailure(ServerFrame(0xC1, invalid + Hex("06")), ErrorKind::kInvalidUtf8);
  ExpectFailure(ServerFrame(0xC1, invalid + Hex("f2")), ErrorKind::kInvalidUtf8);
  ExpectFailure(ServerFrame(0x41, invalid + Hex("06")), ErrorKind::kInvalidUtf8);
  const std::string long_one = Deflated("invalid \xFF text" + std::string(1000, 'x'));
  ExpectFailure(ServerFrame(0xC1, long_one), ErrorKind::kInvalidUtf8, {}, {.max_message_size = 20});
  ExpectFailure(ServerFrame(0xC1, long_one), ErrorKind::kMessageTooBig, {}, {.max_message_size = 8});
  const std::string cut = PeerDeflater().Part("cut \xE2\x82");
  ExpectFailure(ServerFrame(0xC1, cut + Hex("06")), ErrorKind::kInvalidDeflate);
}

// --- limits ---------------------------------------------------------------------------------------------------------

TEST_CASE("accepts what inflates to exactly the limits") {
  PeerDeflater peer;
  std::string bytes = ServerFrame(0xC2, peer.Message(std::string(100, 'x')));
  bytes += ServerFrame(0x42, peer.Part(std::string(50, 'y')));
  bytes += ServerFrame(0x80, peer.Message(std::string(50, 'y')));
  const Events expected{Binary(std::string(100, 'x')), Binary(std::string(100, 'y'))};
  for (const Limits& limits : {Limits{.max_message_size = 100}, Limits{.max_fragment_size = 100},
                               Limits{.max_message_size = 100, .max_fragment_size = 100}}) {
    Deliver(Compressed(limits), bytes, [&](Client& client) {
      CHECK(client.ErrorKind() == ErrorKind::kNone);
      CHECK(client.events == expected);
    });
  }
}

TEST_CASE("fails on a message that inflates to more than the limit, one byte behind it") {
  for (const std::size_t size : {std::size_t{101}, std::size_t{10'000}, std::size_t{1} << 20}) {
    const std::string bytes = ServerFrame(0xC2, Deflated(std::string(size, 'x')));
    Deliver(Compressed({.max_message_size = 100}), bytes, [](Client& client) {
      CHECK(client.ErrorKind() == ErrorKind::kMessageTooBig);
      CHECK(client.protocol.error().limit == 100);
      CHECK(client.protocol.error().actual == 101);
      CHECK(client.Sent() == test::SentFrames{SentClose(1009, "message is too big")});
    });
  }
}

TEST_CASE("fails on fragments that inflate to more than the limit together") {
  PeerDeflater peer;
  std::string bytes = ServerFrame(0x42, peer.Part(std::string(60, 'x')));
  bytes += ServerFrame(0x89, "p");
  bytes += ServerFrame(0x80, peer.Message(std::string(41, 'x')));
  Deliver(Compressed({.max_message_size = 100}), bytes, [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kMessageTooBig);
    CHECK(client.protocol.error().actual == 101);
    CHECK(client.sink.fragments.size() == 1);
  });
}

TEST_CASE("fails on a fragment that inflates to more than its limit") {
  PeerDeflater peer;
  std::string bytes = ServerFrame(0x42, peer.Part(std::string(100, 'x')));
  bytes += ServerFrame(0x80, peer.Message(std::string(101, 'x')));
  for (const Limits& limits :
       {Limits{.max_fragment_size = 100}, Limits{.max_message_size = 200, .max_fragment_size = 100}}) {
    Deliver(Compressed(limits), bytes, [](Client& client) {
      CHECK(client.ErrorKind() == ErrorKind::kFragmentTooBig);
      CHECK(client.protocol.error().limit == 100);
      CHECK(client.protocol.error().actual == 101);
      CHECK(client.Sent() == test::SentFrames{SentClose(1009, "fragment is too big")});
    });
  }
}

TEST_CASE("fails on a compressed fragment whose frame is over the limit, by its declared length") {
  Deliver(Compressed({.max_fragment_size = 100}), Hex("42 65"), [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kFragmentTooBig);
    CHECK(client.protocol.error().actual == 101);
  });
}

TEST_CASE("a compressed frame may be longer than the message limit that what it inflates to keeps") {
  std::string payload;
  for (int i = 0; i < 100; ++i) payload += Hex("00 00 00 ff ff");
  Deliver(Compressed({.max_message_size = 5}), ServerFrame(0xC1, payload + Hex("f2 48 cd c9 c9 07 00")),
          [](Client& client) { CHECK(client.events == Events{Text("Hello")}); });
}

TEST_CASE("with a limit of 0 only empty messages are accepted, compressed too") {
  const std::string bytes = Hex("c1 01 00 c1 07 f2 48 cd c9 c9 07 00");
  Deliver(Compressed({.max_message_size = 0}), bytes, [](Client& client) {
    CHECK(client.events == Events{Text("")});
    CHECK(client.ErrorKind() == ErrorKind::kMessageTooBig);
    CHECK(client.protocol.error().actual == 1);
  });
}

TEST_CASE("more frames than the limit are refused, compressed too") {
  Deliver(Compressed({.max_fragments = 2}), Hex("41 03 f2 48 cd 00 00 80 04 c9 c9 07 00"), [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kTooManyFragments);
    CHECK(client.protocol.error().actual == 3);
  });
}

}  // namespace
}  // namespace hawser::core
