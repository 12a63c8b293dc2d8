#include "core/permessage_deflate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/contents.h"
#include "test/support/peer_deflate.h"

namespace hawser::core {
namespace {

using test::AsSpan;
using test::AsString;
using test::AsWritable;
using test::Hex;
using test::Noise;
using test::PeerDeflater;
using test::PeerInflater;
using test::Prose;

constexpr std::size_t kAll = 1 << 20;

// How many bytes are given, and asked for, at a time.
struct Steps {
  std::size_t input = kAll;
  std::size_t room = kAll;
};
constexpr Steps kSteps[] = {
    {}, {.input = 1, .room = 1000}, {.room = 1}, {.input = 1, .room = 1}, {.input = 3, .room = 7}};

// Inflates as a caller should, to the input's end.
std::string InflatePiece(Inflater& inflater, std::span<const std::uint8_t> piece, std::size_t room_size) {
  std::string content;
  std::string room(room_size, '.');
  for (std::size_t made = room_size; made == room_size && inflater.valid();) {
    made = inflater.Inflate(piece, AsWritable(room));
    content.append(room, 0, made);
  }
  CHECK((piece.empty() || !inflater.valid()));
  return content;
}

// A whole message's content; nothing if it is not valid, or cut short.
std::optional<std::string> Inflate(Inflater& inflater, std::string_view message, const Steps& steps = {}) {
  std::string content;
  while (!message.empty() && inflater.valid()) {
    content += InflatePiece(inflater, AsSpan(message.substr(0, steps.input)), steps.room);
    message.remove_prefix(std::min(steps.input, message.size()));
  }
  if (!inflater.EndMessage()) return std::nullopt;
  return content;
}

std::string Deflate(Deflater& deflater, std::string_view fragment, bool fin = true) {
  Payload output;
  deflater.Deflate(AsSpan(fragment), fin, output);
  return AsString(output.span());
}

// Noise that comes again after `distance` bytes.
std::string Echo(std::size_t distance, std::size_t size) {
  std::string bytes = Noise(std::min(distance, size));
  while (bytes.size() < size) bytes += bytes.substr(bytes.size() - distance, std::min(distance, size - bytes.size()));
  return bytes;
}

// Inflates `messages` one after the other in all steps.
void ExpectInflated(const DeflateConfig& config, const std::vector<std::string>& messages,
                    const std::vector<std::string>& contents) {
  for (const Steps& steps : kSteps) {
    INFO("given ", steps.input, " bytes, for room of ", steps.room);
    Inflater inflater(config);
    REQUIRE(messages.size() == contents.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      CHECK((Inflate(inflater, messages[i], steps).value_or("none") == contents[i]));
    }
  }
}

void ExpectNotWhole(const std::string& message) {
  for (const Steps& steps : kSteps) {
    INFO("given ", steps.input, " bytes, for room of ", steps.room);
    Inflater inflater({});
    CHECK_FALSE(Inflate(inflater, message, steps));
  }
}

// All but the last byte is.
void ExpectNotValid(const std::string& message) {
  for (const std::size_t room : {kAll, std::size_t{1}}) {
    INFO("for room of ", room);
    Inflater inflater({});
    for (std::size_t i = 0; i < message.size(); ++i) {
      CHECK(inflater.valid());
      (void)InflatePiece(inflater, AsSpan(message).subspan(i, 1), room);
    }
    CHECK_FALSE(inflater.valid());
    CHECK_FALSE(inflater.EndMessage());
  }
}

// Writes blocks with the fixed code (RFC 1951 §3.2.6) bit by bit.
class FixedBlock {
 public:
  explicit FixedBlock(bool final) : final_(final) {
    Put(final ? 1 : 0, 1);
    Put(1, 2);
  }
  // Repeats three bytes that stand 2^bits bytes back, 16 of them at least.
  FixedBlock& RepeatFrom(int bits) {
    PutCode(1, 7);
    PutCode(static_cast<unsigned>(2 * bits - 1), 5);
    Put((1U << (bits - 2)) - 1, bits - 2);
    return *this;
  }
  // Ends the message as well.
  std::string End() {
    PutCode(0, 7);
    if (!final_) Put(0, 3);
    return std::exchange(bytes_, {});
  }

 private:
  void Put(unsigned value, int bits) {
    for (int bit = 0; bit < bits; ++bit) {
      if (used_ % 8 == 0) bytes_ += '\0';
      bytes_.back() = static_cast<char>(bytes_.back() | static_cast<int>((value >> bit & 1) << used_ % 8));
      ++used_;
    }
  }
  void PutCode(unsigned code, int bits) {
    for (int bit = bits - 1; bit >= 0; --bit) Put(code >> bit, 1);
  }

  bool final_;
  std::string bytes_;
  int used_ = 0;
};

// --- inflating: the examples of RFC 7692 ----------------------------------------------------------------------------

TEST_CASE("inflates a message in one block (§7.2.3.1)") {
  ExpectInflated({}, {Hex("f2 48 cd c9 c9 07 00")}, {"Hello"});
}

TEST_CASE("inflates a message that refers to the one before (§7.2.3.2)") {
  ExpectInflated({}, {Hex("f2 48 cd c9 c9 07 00"), Hex("f2 00 11 00 00")}, {"Hello", "Hello"});
}

TEST_CASE("inflates a message in a stored block (§7.2.3.3)") {
  ExpectInflated({}, {Hex("00 05 00 fa ff 48 65 6c 6c 6f 00")}, {"Hello"});
}

TEST_CASE("inflates a message in a block marked as the last (§7.2.3.4)") {
  ExpectInflated({}, {Hex("f3 48 cd c9 c9 07 00 00"), Hex("f2 48 cd c9 c9 07 00")}, {"Hello", "Hello"});
}

TEST_CASE("inflates a message that ends with a block marked as the last and no empty one behind it") {
  ExpectInflated({}, {Hex("f3 48 cd c9 c9 07 00"), Hex("f2 48 cd c9 c9 07 00")}, {"Hello", "Hello"});
}

TEST_CASE("inflates a message in two blocks (§7.2.3.5)") {
  ExpectInflated({}, {Hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")}, {"Hello"});
}

TEST_CASE("inflates an empty message (§7.2.3.6)") {
  ExpectInflated({}, {Hex("00"), Hex("00"), Hex("f2 48 cd c9 c9 07 00"), Hex("00")}, {"", "", "Hello", ""});
}

// --- inflating ------------------------------------------------------------------------------------------------------

TEST_CASE("the window stays behind a block marked as the last") {
  PeerDeflater peer;
  const std::string noise = Noise(3000);
  const std::vector<std::string> messages{peer.FinalBlock(noise), peer.Message(noise), peer.FinalBlock(noise)};
  CHECK(messages[1].size() < 100);
  CHECK(messages[2].size() < 100);
  ExpectInflated({}, messages, {noise, noise, noise});
}

TEST_CASE("a message may go on behind a block marked as the last") {
  PeerDeflater peer;
  const std::string noise = Noise(1000);
  std::string message = peer.FinalBlock(noise);
  message += peer.FinalBlock("");
  message += peer.Part(noise);
  message += peer.FinalBlock(noise);
  message += peer.Message("end");
  CHECK(message.size() < 1200);
  ExpectInflated({}, {message, message}, {noise + noise + noise + "end", noise + noise + noise + "end"});
}

// The least time in which that many empty blocks marked as the last were inflated, behind some content.
std::chrono::nanoseconds TimeOfFinalBlocks(std::size_t count, std::string_view content) {
  std::string blocks;
  for (std::size_t i = 0; i < count; ++i) blocks += Hex("03 00");
  auto least = std::chrono::nanoseconds::max();
  for (int i = 0; i < 5; ++i) {
    Inflater inflater({});
    CHECK(Inflate(inflater, PeerDeflater().Message(content)) == content);
    const auto start = std::chrono::steady_clock::now();
    CHECK(Inflate(inflater, blocks) == "");
    least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - start);
  }
  return least;
}

TEST_CASE("a block marked as the last costs no more where the window is full") {
  constexpr std::size_t kCount = 10'000;
  CHECK(TimeOfFinalBlocks(kCount, Noise(64 * 1024)) < 5 * TimeOfFinalBlocks(kCount, "x"));
}

TEST_CASE("a message that is cut short is not whole") {
  const std::string hello = Hex("f2 48 cd c9 c9 07 00");
  for (std::size_t size = 0; size < hello.size(); ++size) {
    INFO(size, " bytes of it");
    ExpectNotWhole(hello.substr(0, size));
  }
}

TEST_CASE("a message cut short in a stored block is not whole, though the end that was cut off fits in there") {
  const std::string hello = Hex("00 05 00 fa ff 48 65 6c 6c 6f 00");
  for (std::size_t size = 2; size < hello.size(); ++size) {
    INFO(size, " bytes of it");
    ExpectNotWhole(hello.substr(0, size));
  }
}

TEST_CASE("a message with the end that should have been cut off is not whole") {
  ExpectNotWhole(Hex("f2 48 cd c9 c9 07 00 00 00 ff ff"));
}

TEST_CASE("a message of no bytes at all is not whole") {
  ExpectNotWhole("");
  Inflater inflater({});
  CHECK(Inflate(inflater, Hex("00")) == "");
  CHECK_FALSE(Inflate(inflater, ""));
}

TEST_CASE("what is not DEFLATE is found at the byte that says so") {
  ExpectNotValid(Hex("06"));                       // a block of no type
  ExpectNotValid(Hex("00 05 00 05 00"));           // a stored block whose length is not what it says
  ExpectNotValid(Hex("f2 00 11"));                 // refers to what is not there
  ExpectNotValid(Hex("f3 48 cd c9 c9 07 00 06"));  // behind a block marked as the last
}

TEST_CASE("what was inflated before the data turned out not to be valid is given all the same") {
  const std::string bad = Hex("f2 48 05 00 00 00 ff ff") + Hex("ff ff");
  for (const Steps& steps : kSteps) {
    Inflater inflater({});
    std::string content;
    for (std::string_view rest = bad; !rest.empty() && inflater.valid();) {
      content += InflatePiece(inflater, AsSpan(rest.substr(0, steps.input)), steps.room);
      rest.remove_prefix(std::min(steps.input, rest.size()));
    }
    CHECK_FALSE(inflater.valid());
    CHECK(content == "He");
  }
}

TEST_CASE("with context takeover a message may refer to those before, without it may not") {
  const std::vector<std::string> messages{Hex("f2 48 cd c9 c9 07 00"), Hex("f2 00 11 00 00")};
  ExpectInflated({}, messages, {"Hello", "Hello"});
  ExpectInflated({.server_no_context_takeover = true}, messages, {"Hello", "none"});
}

TEST_CASE("without context takeover each message stands for itself") {
  PeerDeflater peer;
  std::vector<std::string> messages;
  for (int i = 0; i < 3; ++i) {
    messages.push_back(peer.Message(Prose(500)));
    peer.Reset();
  }
  messages.push_back(peer.FinalBlock(Prose(500)));
  peer.Reset();
  messages.push_back(peer.Message(Prose(500)));
  ExpectInflated({.server_no_context_takeover = true}, messages, std::vector<std::string>(5, Prose(500)));
}

TEST_CASE("a reference as far back as the window reaches is found, whatever its size") {
  for (int bits = 8; bits <= 15; ++bits) {
    INFO(bits, " bits");
    const std::string noise = Noise(std::size_t{1} << bits);
    std::string stored = Hex("00") + static_cast<char>(noise.size()) + static_cast<char>(noise.size() >> 8);
    for (const char byte : stored.substr(1)) stored += static_cast<char>(~byte);
    const std::string back = FixedBlock(false).RepeatFrom(bits).RepeatFrom(bits).End();
    const std::string final_back = FixedBlock(true).RepeatFrom(bits).End();
    ExpectInflated({.server_max_window_bits = bits}, {stored + noise + final_back, back},
                   {noise + noise.substr(0, 3), noise.substr(3, 6)});
  }
}

TEST_CASE("what a zlib with as many window bits deflates is inflated, its repeats far apart or near") {
  for (int bits = 8; bits <= 15; ++bits) {
    PeerDeflater peer(std::max(bits, 9));  // zlib has no 8; with 9 it refers no further than 8 reach
    std::vector<std::string> messages;
    std::vector<std::string> contents;
    for (const int distance : {200, 250, 255, 256, 257, 500, 16'000, 32'506, 32'768, 40'000}) {
      contents.push_back(Echo(static_cast<std::size_t>(distance), 100'000));
      messages.push_back(peer.Message(contents.back()));
    }
    Inflater inflater({.server_max_window_bits = bits});
    Inflater in_steps({.server_max_window_bits = bits});
    for (std::size_t i = 0; i < messages.size(); ++i) {
      INFO(bits, " bits, message ", i);
      CHECK((Inflate(inflater, messages[i]) == contents[i]));
      CHECK((Inflate(in_steps, messages[i], {.input = 777, .room = 99}) == contents[i]));
    }
  }
}

// --- deflating ------------------------------------------------------------------------------------------------------

TEST_CASE("deflates as the examples of RFC 7692 do (§7.2.3.1, §7.2.3.2)") {
  Deflater deflater({});
  CHECK(Deflate(deflater, "Hello") == Hex("f2 48 cd c9 c9 07 00"));
  CHECK(Deflate(deflater, "Hello") == Hex("f2 00 11 00 00"));
}

TEST_CASE("without context takeover each message is deflated as the first one") {
  Deflater deflater({.client_no_context_takeover = true});
  for (int i = 0; i < 3; ++i) CHECK(Deflate(deflater, "Hello") == Hex("f2 48 cd c9 c9 07 00"));
  CHECK(Deflate(deflater, "Hel", false) == Hex("f2 48 cd 01 00 00 00 ff ff"));
  CHECK(Deflate(deflater, "lo") == Hex("ca c9 07 00"));
  CHECK(Deflate(deflater, "Hello") == Hex("f2 48 cd c9 c9 07 00"));
}

TEST_CASE("a deflated message comes behind what the output has already") {
  Deflater deflater({});
  Payload output(3);
  std::memcpy(output.bytes(), "abc", 3);
  output.set_size(3);
  deflater.Deflate(AsSpan("Hello"), true, output);
  CHECK(AsString(output.span()) == "abc" + Hex("f2 48 cd c9 c9 07 00"));
  deflater.Deflate({}, true, output);
  CHECK(AsString(output.span()) == "abc" + Hex("f2 48 cd c9 c9 07 00 00"));
}

TEST_CASE("an empty message is one empty byte, the first as well as a later one") {
  Deflater deflater({});
  CHECK(Deflate(deflater, "") == Hex("00"));
  CHECK(Deflate(deflater, "") == Hex("00"));
  (void)Deflate(deflater, "Hello");
  CHECK(Deflate(deflater, "") == Hex("00"));
}

TEST_CASE("fragments make one message, wherever they are cut and though they are empty") {
  const std::string text = Prose(3000);
  for (const bool takeover : {true, false}) {
    Deflater deflater({.client_no_context_takeover = !takeover});
    PeerInflater peer;
    for (const std::size_t size : {1U, 7U, 1000U, 2999U, 3000U, 4000U}) {
      INFO("fragments of ", size);
      std::string payload = Deflate(deflater, "", false);
      for (std::size_t at = 0; at < text.size(); at += size) {
        payload += Deflate(deflater, std::string_view(text).substr(at, size), false);
        payload += Deflate(deflater, "", false);
      }
      payload += Deflate(deflater, "");
      CHECK((peer.Message(payload) == text));
      if (!takeover) peer.Reset();
    }
  }
}

TEST_CASE("a last fragment may hold the message's end or nothing but that") {
  Deflater deflater({});
  PeerInflater peer;
  const std::string begin = Deflate(deflater, "Hel", false);
  CHECK(peer.Message(begin + Deflate(deflater, "lo")) == "Hello");
  const std::string whole = Deflate(deflater, "whole", false);
  CHECK(peer.Message(whole + Deflate(deflater, "")) == "whole");
}

TEST_CASE("each fragment can be inflated when it is here, without those that follow") {
  Deflater deflater({});
  Inflater inflater({});
  for (const char* fragment : {"one ", "two ", "three "}) {
    const std::string bytes = Deflate(deflater, fragment, false);
    CHECK(InflatePiece(inflater, AsSpan(bytes), kAll) == fragment);
  }
  CHECK(Inflate(inflater, Deflate(deflater, "four")) == "four");
}

TEST_CASE("what is deflated with any options is what went in, in all sizes and of every kind") {
  std::vector<std::string> contents;
  for (const std::size_t size : {1U, 2U, 5U, 255U, 256U, 257U, 511U, 513U, 4096U, 65'535U, 65'536U, 200'001U}) {
    contents.insert(contents.end(), {Prose(size), Noise(size), std::string(size, 'x'), Echo(300, size)});
  }
  for (const int level : {-1, 0, 1, 3, 6, 9}) {
    for (const int mem_level : {1, 8, 9}) {
      for (const bool no_takeover : {false, true}) {
        INFO("level ", level, ", memory level ", mem_level, no_takeover ? ", no takeover" : "");
        Deflater deflater({.client_no_context_takeover = no_takeover, .level = level, .mem_level = mem_level});
        PeerInflater peer;
        std::size_t wrong = 0;
        for (const std::string& content : contents) {
          wrong += peer.Message(Deflate(deflater, content)) == content ? 0 : 1;
          if (no_takeover) peer.Reset();
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("an inflater with the window bits agreed upon finds all that a deflater refers to") {
  for (int bits = 8; bits <= 15; ++bits) {
    for (const int mem_level : {1, 9}) {
      INFO(bits, " bits, memory level ", mem_level);
      const DeflateConfig config{
          .server_max_window_bits = bits, .client_max_window_bits = bits, .level = 9, .mem_level = mem_level};
      Deflater deflater(config);
      Inflater inflater(config);
      PeerInflater peer(bits);
      for (const int distance : {200, 250, 255, 256, 257, 262, 500, 8'000, 32'506, 32'768, 40'000}) {
        INFO("repeats ", distance, " bytes apart");
        const std::string content = Echo(static_cast<std::size_t>(distance), 90'000) + Prose(5000);
        const std::string message = Deflate(deflater, content);
        CHECK((Inflate(inflater, message, {.input = 500, .room = 64}) == content));
        CHECK((peer.Message(message) == content));
      }
    }
  }
}

TEST_CASE("a bigger window finds repeats that a smaller one does not") {
  const std::string content = Echo(10'000, 40'000);
  Deflater small({.client_max_window_bits = 12});
  Deflater big({.client_max_window_bits = 15});
  CHECK(Deflate(small, content).size() > 39'000);
  CHECK(Deflate(big, content).size() < 12'000);
}

}  // namespace
}  // namespace hawser::core
