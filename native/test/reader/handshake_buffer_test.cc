// Where a response head ends, whatever the pieces it comes in, and what is left behind it.
#include "reader/handshake_buffer.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

#include "test/support/bytes.h"

namespace hawser::reader {
namespace {

using test::AsSpan;
using test::AsString;

constexpr std::string_view kHead = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
constexpr std::size_t kLimit = 1000;

std::optional<std::string> TakeHead(HandshakeBuffer& buffer, bool unfinished = false) {
  const auto answer = buffer.TakeAnswer();
  if (!answer) return std::nullopt;
  const auto& head = std::get<HeadRead>(*answer);
  CHECK(head.unfinished == unfinished);
  return AsString(head.bytes);
}

std::optional<std::string> TakeSome(HandshakeBuffer& buffer) {
  const auto answer = buffer.TakeAnswer();
  if (!answer) return std::nullopt;
  return AsString(std::get<BytesRead>(*answer).bytes);
}

// Expects `bytes` to hold `head` and then `rest`, however they are cut in two or into single bytes.
void ExpectHead(const std::string& head, const std::string& rest) {
  const std::string bytes = head + rest;
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    INFO("cut after ", split, " bytes");
    HandshakeBuffer buffer;
    buffer.RequestHead(kLimit);
    buffer.Append(AsSpan(bytes).first(split));
    auto answer = TakeHead(buffer);
    CHECK(answer.has_value() == (split >= head.size()));
    buffer.Append(AsSpan(bytes).subspan(split));
    if (!answer) answer = TakeHead(buffer);
    CHECK(answer == head);
    CHECK(AsString(buffer.TakeRest()) == rest);
  }
  HandshakeBuffer buffer;
  buffer.RequestHead(kLimit);
  for (std::size_t i = 0; i < head.size(); ++i) {
    CHECK_FALSE(buffer.TakeAnswer());
    buffer.Append(AsSpan(bytes).subspan(i, 1));
  }
  CHECK(TakeHead(buffer) == head);
}

TEST_CASE("a head ends behind its empty line") { ExpectHead(std::string(kHead), ""); }

TEST_CASE("what comes behind a head is kept") { ExpectHead(std::string(kHead), "\x81\x05hello"); }

TEST_CASE("a second head behind the first is kept") { ExpectHead(std::string(kHead), std::string(kHead)); }

TEST_CASE("a head without fields ends behind its empty line") { ExpectHead("HTTP/1.1 200 OK\r\n\r\n", "body"); }

TEST_CASE("lines that end in a bare LF end a head as well") { ExpectHead("HTTP/1.1 101 Yes\nA: b\n\n", "rest"); }

TEST_CASE("an empty line may end in a bare LF behind one that ends in CR LF") {
  ExpectHead("HTTP/1.1 101 Yes\r\nA: b\r\n\n", "rest");
}

TEST_CASE("an empty line may end in CR LF behind one that ends in a bare LF") {
  ExpectHead("HTTP/1.1 101 Yes\nA: b\n\r\n", "rest");
}

TEST_CASE("a CR alone does not make an empty line") { ExpectHead("HTTP/1.1 101 Yes\r\n\rA: b\r\n\r\n", "rest"); }

TEST_CASE("a first line that is not HTTP is told at its end") {
  ExpectHead("SSH-2.0-OpenSSH_9.2\r\n", "more");
  ExpectHead("HTTQ/1.1 101\r\n", "A: b\r\n\r\n");
  ExpectHead("\r\n", "HTTP/1.1 101 Yes\r\n\r\n");
  ExpectHead("H\n", "");
}

TEST_CASE("what no protocol of lines begins with is told by its first bytes") {
  using namespace std::string_literals;
  ExpectHead("\x15\x03\x01\x00\x02\x02\x46"s, "");
  ExpectHead("\x00\x00\x12\x04\x00\x00\x00"s, "\x00\x00\x00\x03\n"s);
  ExpectHead("\xff\n\n\n\n\n\n"s, "more");
  ExpectHead("\x7f\x45\x4c\x46\x02\x01\x01"s, "");
}

TEST_CASE("a first line that is not HTTP may have any bytes behind its first") {
  ExpectHead("\tx\x01\x02\xff\xff\xff\xff\n", "");
}

TEST_CASE("a head of exactly the limit is not too long") {
  HandshakeBuffer buffer;
  buffer.RequestHead(kHead.size());
  buffer.Append(AsSpan(kHead));
  CHECK(TakeHead(buffer) == kHead);
}

TEST_CASE("a head longer than the limit is told as soon as the limit is reached") {
  HandshakeBuffer buffer;
  buffer.RequestHead(kHead.size() - 1);
  for (std::size_t i = 0; i + 1 < kHead.size(); ++i) {
    CHECK_FALSE(buffer.TakeAnswer());
    buffer.Append(AsSpan(kHead).subspan(i, 1));
  }
  CHECK(TakeHead(buffer, true) == kHead.substr(0, kHead.size() - 1));
}

TEST_CASE("a head whose end lies beyond the limit is too long, though it is all here") {
  HandshakeBuffer buffer;
  buffer.RequestHead(20);
  buffer.Append(AsSpan(kHead));
  CHECK(TakeHead(buffer, true) == kHead.substr(0, 20));
}

TEST_CASE("a first line that is not HTTP and never ends is too long") {
  HandshakeBuffer buffer;
  buffer.RequestHead(100);
  buffer.Append(AsSpan(std::string(100, 'x')));
  CHECK(TakeHead(buffer, true) == std::string(100, 'x'));
}

TEST_CASE("a head that the stream's end cuts is told as far as it came") {
  HandshakeBuffer buffer;
  buffer.RequestHead(kLimit);
  buffer.Append(AsSpan(kHead.substr(0, 20)));
  CHECK_FALSE(buffer.TakeAnswer());
  buffer.OnEndOfStream();
  CHECK(TakeHead(buffer, true) == kHead.substr(0, 20));
}

TEST_CASE("a stream that ends before a head has no answer") {
  HandshakeBuffer buffer;
  buffer.RequestHead(kLimit);
  buffer.OnEndOfStream();
  CHECK_FALSE(buffer.TakeAnswer());
}

TEST_CASE("an answer closes the request") {
  HandshakeBuffer buffer;
  CHECK_FALSE(buffer.wants_bytes());
  buffer.RequestHead(kLimit);
  CHECK(buffer.wants_bytes());
  buffer.Append(AsSpan(kHead));
  CHECK(TakeHead(buffer));
  CHECK_FALSE(buffer.wants_bytes());
  buffer.Append(AsSpan(kHead));
  CHECK_FALSE(buffer.TakeAnswer());
}

TEST_CASE("a second head is found from its own beginning") {
  HandshakeBuffer buffer;
  buffer.RequestHead(kLimit);
  buffer.Append(AsSpan(kHead));
  buffer.Append(AsSpan("HTTP/1.1 200 OK\r\n\r\n"));
  CHECK(TakeHead(buffer) == kHead);
  buffer.RequestHead(kLimit);
  CHECK(TakeHead(buffer) == "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("some bytes are what is here, up to the limit") {
  HandshakeBuffer buffer;
  buffer.Append(AsSpan("body"));
  buffer.RequestSome(3);
  CHECK(TakeSome(buffer) == "bod");
  buffer.RequestSome(3);
  CHECK(TakeSome(buffer) == "y");
  buffer.RequestSome(3);
  CHECK_FALSE(buffer.TakeAnswer());
  CHECK(buffer.wants_bytes());
}

TEST_CASE("at the end of the stream there are no bytes, again and again") {
  HandshakeBuffer buffer;
  buffer.Append(AsSpan("body"));
  buffer.OnEndOfStream();
  buffer.RequestSome(kLimit);
  CHECK(TakeSome(buffer) == "body");
  for (int i = 0; i < 2; ++i) {
    buffer.RequestSome(kLimit);
    CHECK(TakeSome(buffer) == "");
  }
}

}  // namespace
}  // namespace hawser::reader
