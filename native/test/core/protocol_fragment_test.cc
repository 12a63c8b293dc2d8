// How messages are delivered that come in several frames: a fragment for each, as soon as its frame is whole, cut where
// a text may be cut.
#include <doctest/doctest.h>

#include <string>

#include "core/protocol.h"
#include "test/support/deliver.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::Binary;
using test::Client;
using test::Compressed;
using test::Deliver;
using test::Event;
using test::Events;
using test::Hex;
using test::PeerDeflater;
using test::ServerFrame;
using test::Setup;
using test::Text;

Event TextPart(std::string payload) { return {Event::Kind::kText, std::move(payload), true}; }
Event BinaryPart(std::string payload) { return {Event::Kind::kBinary, std::move(payload), true}; }

// Frames of one text, plain and compressed, must be delivered as `fragments`.
void ExpectFragments(const std::vector<std::string>& payloads, const Events& fragments) {
  std::string plain;
  std::string compressed;
  PeerDeflater peer;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const int opcode = i == 0 ? 1 : 0;
    const bool fin = i + 1 == payloads.size();
    const int rsv1 = i == 0 ? 0x40 : 0;
    plain += ServerFrame(static_cast<std::uint8_t>((fin ? 0x80 : 0) | opcode), payloads[i]);
    compressed += ServerFrame(static_cast<std::uint8_t>((fin ? 0x80 : 0) | rsv1 | opcode),
                              fin ? peer.Message(payloads[i]) : peer.Part(payloads[i]));
  }
  for (const std::string& bytes : {plain, compressed}) {
    Deliver(Compressed(), bytes, [&](Client& client) {
      CHECK(client.ErrorKind() == ErrorKind::kNone);
      CHECK(client.sink.fragments == fragments);
      CHECK(client.events.size() == 1);
    });
  }
}

TEST_CASE("each frame of a message is delivered by itself, the empty ones too") {
  ExpectFragments({"a", "", "bc", ""}, {TextPart("a"), TextPart(""), TextPart("bc"), Text("")});
  ExpectFragments({"", ""}, {TextPart(""), Text("")});
}

TEST_CASE("a code point that is cut goes to the fragment that ends it") {
  ExpectFragments({"a\xC3", "\xA9z"}, {TextPart("a"), Text("éz")});
  ExpectFragments({"a\xE2", "\x82\xAC"}, {TextPart("a"), Text("€")});
  ExpectFragments({"a\xE2\x82", "\xAC"}, {TextPart("a"), Text("€")});
  ExpectFragments({"\xF0", "\x9F", "\x9A", "\x80"}, {TextPart(""), TextPart(""), TextPart(""), Text("🚀")});
  ExpectFragments({"x\xF0\x9F\x9A", "", "\x80y\xC3", "\xA9"},
                  {TextPart("x"), TextPart(""), TextPart("🚀y"), Text("é")});
}

TEST_CASE("a code point may be cut behind a fragment that is large") {
  const std::string large(kLargeMessage + 5, 'x');
  ExpectFragments({large + "\xE2\x82", "\xAC" + large + "\xF0", "\x9F\x9A\x80"},
                  {TextPart(large), TextPart("€" + large), Text("🚀")});
}

TEST_CASE("the fragments of a text are ASCII up to the first that is not") {
  const std::string bytes =
      ServerFrame(0x01, "a") + ServerFrame(0x00, "b\xC3") + ServerFrame(0x00, "\xA9") + ServerFrame(0x80, "c");
  Deliver(bytes, [](Client& client) {
    CHECK(client.sink.kinds ==
          std::vector{MessageKind::kAscii, MessageKind::kUtf16, MessageKind::kUtf16, MessageKind::kUtf16});
  });
}

TEST_CASE("a binary fragment is cut where its frame is") {
  Deliver(ServerFrame(0x02, "a\xE2\x82") + ServerFrame(0x80, "\xAC"), [](Client& client) {
    CHECK(client.sink.fragments == Events{BinaryPart("a\xE2\x82"), Binary("\xAC")});
  });
}

TEST_CASE("a fragment is delivered although the frame behind it has not begun") {
  for (const bool compressed : {false, true}) {
    Client client;
    client.protocol.EnableCompression({});
    client.Receive(compressed ? ServerFrame(0x41, PeerDeflater().Part("first")) : ServerFrame(0x01, "first"));
    CHECK(client.sink.fragments == Events{TextPart("first")});
    CHECK(client.events.empty());
  }
}

TEST_CASE("what was delivered of a message that fails stays delivered, and no more comes") {
  const std::string bad = ServerFrame(0x80, "no \xFF") + ServerFrame(0x81, "late");
  Deliver(ServerFrame(0x01, "good ") + ServerFrame(0x00, "too ") + bad, [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kInvalidUtf8);
    CHECK(client.sink.fragments == Events{TextPart("good "), TextPart("too ")});
  });
}

TEST_CASE("a fragment of at most the limit's size is accepted, a bigger one refused by its declared length") {
  const Setup setup{.limits = {.max_fragment_size = 5}};
  Deliver(setup, ServerFrame(0x02, "01234") + ServerFrame(0x80, "56789") + ServerFrame(0x82, "abcde"),
          [](Client& client) {
            CHECK(client.ErrorKind() == ErrorKind::kNone);
            CHECK(client.events == Events{Binary("0123456789"), Binary("abcde")});
          });
  for (const char* begin : {"02 01 61 80 06", "82 06"}) {
    Deliver(setup, Hex(begin), [](Client& client) {
      CHECK(client.ErrorKind() == ErrorKind::kFragmentTooBig);
      CHECK(client.protocol.error().limit == 5);
      CHECK(client.protocol.error().actual == 6);
      CHECK(client.Sent().back() == test::SentClose(1009, "fragment is too big"));
    });
  }
}

TEST_CASE("a code point's beginning that the last frame left over does not count for the next one") {
  const Setup setup{.limits = {.max_fragment_size = 3}};
  Deliver(setup, ServerFrame(0x01, "a\xF0\x9F") + ServerFrame(0x80, "\x9A\x80z"), [](Client& client) {
    CHECK(client.ErrorKind() == ErrorKind::kNone);
    CHECK(client.sink.fragments == Events{TextPart("a"), Text("🚀z")});
  });
}

}  // namespace
}  // namespace hawser::core
