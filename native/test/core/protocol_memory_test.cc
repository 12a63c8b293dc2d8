// Memory: big messages are read straight into it, and it is allocated as bytes come.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "core/protocol.h"
#include "test/support/deliver.h"

namespace hawser::core {
namespace {

using test::Binary;
using test::Client;
using test::Events;
using test::Hex;
using test::Path;
using test::ServerFrame;
using test::Text;

TEST_CASE("offers no target between frames, in headers, in small frames and in control frames") {
  Client client;
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).empty());
  client.Receive(Hex("82"));
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).empty());
  client.Receive(Hex("05") + "ab");
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).empty());
  client.Receive("cde" + Hex("89 05") + "ab");
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).empty());
}

TEST_CASE("offers a target inside a big frame, and not beyond it") {
  Client client;
  client.Receive(Hex("82 7f 00 00 00 00 00 01 00 00") + "x");
  const auto target = client.protocol.ReceiveTarget(test::kDirectRead);
  CHECK(target.size() == 65'535);
  std::memset(target.data(), 'x', target.size());
  client.protocol.Received(target.size(), client.sink);
  CHECK(client.events == Events{Binary(std::string(65'536, 'x'))});
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).empty());
  client.Receive(ServerFrame(0x81, "next"));
  CHECK(client.events.back() == Text("next"));
}

TEST_CASE("a big message may come through targets and pieces in turn") {
  Client client;
  std::string text;
  while (text.size() < 300'000) text += "Zoë 漢字 🚀 ";
  const std::string bytes = ServerFrame(0x81, text);
  std::size_t at = 0;
  for (int turn = 0; at < bytes.size(); ++turn) {
    const std::string piece = bytes.substr(at, 7001);
    client.Receive(piece,
                   std::array{Path::kChunk, Path::kDirect, Path::kBehind}.at(static_cast<std::size_t>(turn % 3)));
    at += piece.size();
  }
  CHECK(client.events == Events{Text(text)});
}

TEST_CASE("offers no target once the input is over") {
  Client client;
  client.Receive(Hex("82 7f 00 00 00 00 00 01 00 00") + "x");
  const auto target = client.protocol.ReceiveTarget(test::kDirectRead);
  client.protocol.Fail(1011, "enough");
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).empty());
  std::memset(target.data(), 'x', target.size());  // a read that was under way still has its memory
  client.protocol.Received(target.size(), client.sink);
  CHECK(client.events.empty());
}

TEST_CASE("accepts a header of 2^63 - 1 bytes under an endless limit without allocating them") {
  Client client({.max_message_size = std::numeric_limits<std::uint64_t>::max()});
  client.Receive(Hex("82 7f 7f ff ff ff ff ff ff ff") + "some bytes");
  CHECK_FALSE(client.protocol.input_done());
  CHECK(client.protocol.ReceiveTarget(test::kDirectRead).size() <= 64 * 1024);
}

}  // namespace
}  // namespace hawser::core
