// What the core costs: nanoseconds per message received, by kind and size, inflated or sent, and masking throughput.
// Chunks of 64 KiB, as a transport reads them; the sink writes to a batch like the reader's and forgets it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "core/protocol.h"

namespace {

using namespace hawser::core;  // NOLINT(google-build-using-namespace)
using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = 64 * 1024;
constexpr int kRuns = 5;
constexpr auto kRunTime = std::chrono::milliseconds(200);

class ForgetfulSink final : public EventSink {
 public:
  std::uint8_t* Reserve(std::size_t size) override {
    if (used_ + size > kChunk) used_ = 0;
    return batch_.data() + used_;
  }
  void Commit(MessageForm /*form*/, std::size_t size) override { used_ += (size + 1) / 2 * 2; }
  void CommitLarge(MessageForm /*form*/, Payload /*message*/) override {}
  void ReceivePing(std::span<const std::uint8_t> /*payload*/) override {}
  void ReceivePong(std::span<const std::uint8_t> /*payload*/) override {}

 private:
  std::vector<std::uint8_t> batch_ = std::vector<std::uint8_t>(2 * kChunk);
  std::size_t used_ = 0;
};

class ZeroKeys final : public MaskingKeySource {
 public:
  MaskingKey NextKey() override { return {1, 2, 3, 4}; }
};

double NanosecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// The best of some runs of `work`, which returns how many units it did; nanoseconds per unit.
template <class Work>
double Measure(Work work) {
  double best = 1e18;
  for (int run = 0; run < kRuns; ++run) {
    std::size_t units = 0;
    const auto start = Clock::now();
    while (Clock::now() - start < kRunTime) units += work();
    best = std::min(best, NanosecondsSince(start) / static_cast<double>(units));
  }
  return best;
}

// As much of the repeated `pattern` as fits in `size` bytes without cutting it, padded with ASCII.
std::string Fill(const std::string& pattern, std::size_t size) {
  std::string text;
  while (text.size() + pattern.size() <= size) text += pattern;
  text.resize(size, '.');
  return text;
}

constexpr std::size_t kMessages = 20'000;

// A server's frame, behind those that are in `stream`.
void AppendFrame(std::vector<std::uint8_t>& stream, std::uint8_t first, std::span<const std::uint8_t> payload) {
  stream.push_back(first);
  if (payload.size() < 126) {
    stream.push_back(static_cast<std::uint8_t>(payload.size()));
  } else {
    stream.push_back(126);
    stream.push_back(static_cast<std::uint8_t>(payload.size() >> 8));
    stream.push_back(static_cast<std::uint8_t>(payload.size()));
  }
  stream.insert(stream.end(), payload.begin(), payload.end());
}

// `stream` holds kMessages, each of `size` bytes for the application.
void BenchStream(const char* name, std::size_t size, std::span<const std::uint8_t> stream, Protocol& protocol) {
  ForgetfulSink sink;
  const double ns = Measure([&] {
    for (std::size_t at = 0; at < stream.size(); at += kChunk) {
      protocol.Receive(stream.subspan(at, std::min(kChunk, stream.size() - at)), sink);
    }
    return kMessages;
  });
  if (protocol.input_done()) std::printf("%s: the connection failed\n", name);
  std::printf("receive %-26s %5zu B %8.1f ns %6.2f GB/s\n", name, size, ns, static_cast<double>(size) / ns);
}

std::span<const std::uint8_t> BytesOf(const std::string& payload) {
  return {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
}

void BenchReceive(const char* name, Opcode opcode, const std::string& payload) {
  std::vector<std::uint8_t> stream;
  const auto first = static_cast<std::uint8_t>(0x80 | static_cast<int>(opcode));
  for (std::size_t i = 0; i < kMessages; ++i) AppendFrame(stream, first, BytesOf(payload));
  ZeroKeys keys;
  Protocol protocol({}, keys);
  BenchStream(name, payload.size(), stream, protocol);
}

// Messages that resemble each other as those of one application do.
void BenchInflate(const char* name, const std::string& payload, bool takeover) {
  const DeflateConfig config{.server_no_context_takeover = !takeover, .client_no_context_takeover = !takeover};
  Deflater deflater(config);
  std::vector<std::uint8_t> stream;
  for (std::size_t i = 0; i < kMessages; ++i) {
    const std::string message = std::to_string(i) + payload.substr(0, payload.size() - std::to_string(i).size());
    Payload deflated;
    deflater.Deflate(BytesOf(message), true, deflated);
    AppendFrame(stream, 0xC1, deflated.span());
  }
  ZeroKeys keys;
  Protocol protocol({}, keys);
  protocol.EnableCompression(config);
  BenchStream(name, payload.size(), stream, protocol);
}

void BenchSend(std::size_t size) {
  ZeroKeys keys;
  Protocol protocol({}, keys);
  const std::vector<std::uint8_t> payload(size, 'x');
  const double ns = Measure([&] {
    constexpr std::size_t kTurn = 64;
    for (std::size_t i = 0; i < kTurn; ++i) protocol.SendMessage({.opcode = Opcode::kBinary}, payload);
    std::array<std::span<const std::uint8_t>, 16> pieces;
    while (protocol.output().Peek(pieces) > 0) protocol.output().Consume(pieces[0].size());
    return kTurn;
  });
  std::printf("send    %-26s %5zu B %8.1f ns %6.2f GB/s\n", "64 a turn", size, ns, static_cast<double>(size) / ns);
}

void BenchMask(std::size_t size) {
  const std::vector<std::uint8_t> from(size, 'x');
  std::vector<std::uint8_t> to(size);
  const double ns = Measure([&] {
    for (int i = 0; i < 100; ++i) MaskCopy(to.data(), from.data(), size, {1, 2, 3, 4});
    return std::size_t{100};
  });
  std::printf("mask    %-26s %5zu B %8.1f ns %6.2f GB/s\n", "copy", size, ns, static_cast<double>(size) / ns);
}

}  // namespace

int main() {
  const std::string english = "The quick brown fox jumps over the lazy dog. ";
  const std::string french = "Dès Noël, où un zéphyr haï me vêt de glaçons würmiens. ";
  const std::string russian = "Съешь же ещё этих мягких французских булок. ";
  const std::string chinese = "天地玄黃宇宙洪荒日月盈昃辰宿列張";
  const std::string mixed = "price 12€, naïve 漢字 and привет 🚀 end; ";

  for (const std::size_t size : {16U, 125U, 1024U, 16'384U}) {
    BenchReceive("ASCII text", Opcode::kText, Fill(english, size));
    BenchReceive("binary", Opcode::kBinary, Fill(english, size));
  }
  for (const std::size_t size : {125U, 1024U, 16'384U}) {
    BenchReceive("French text", Opcode::kText, Fill(french, size));
    BenchReceive("Russian text", Opcode::kText, Fill(russian, size));
    BenchReceive("Chinese text", Opcode::kText, Fill(chinese, size));
    BenchReceive("mixed text", Opcode::kText, Fill(mixed, size));
  }
  for (const bool takeover : {true, false}) {
    BenchInflate(takeover ? "inflated" : "inflated, no takeover", Fill(english + french, 256), takeover);
  }
  for (const std::size_t size : {16U, 125U, 1024U}) BenchSend(size);
  for (const std::size_t size : {16U, 125U, 1024U, 65'536U}) BenchMask(size);
  return 0;
}
