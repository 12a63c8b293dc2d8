// The transport by itself, over one that the test plays: what it tells when, how far ahead it writes, and that its
// listener may stop it, start it or close it in any call.
#include "reader/tls_transport.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "test/support/reader/test_loop.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using test::AsSpan;
using test::AsString;
using test::MakeContext;
using test::SecureWith;
using test::TlsPeer;
using test::TlsServer;

// What is beneath: the test delivers to it and reads what was written.
class Beneath final : public Transport {
 public:
  struct State {
    TransportListener* listener = nullptr;
    core::OutputQueue* output = nullptr;
    std::string written;
    std::size_t room = ~std::size_t{0};  // bytes that the network takes
    bool reading = false;
    bool shut_down = false;
    bool closed = false;
  };
  explicit Beneath(State& state) : state_(state) {}

  void SetListener(TransportListener& listener) override { state_.listener = &listener; }
  void StartReading() override { state_.reading = true; }
  void StopReading() override { state_.reading = false; }
  void Write(core::OutputQueue& output) override {
    state_.output = &output;
    while (!output.empty() && state_.room > 0) {
      std::array<std::span<const std::uint8_t>, 1> piece;
      (void)output.Peek(piece);
      const auto taken = piece[0].first(std::min(piece[0].size(), state_.room));
      state_.written += AsString(taken);
      state_.room -= taken.size();
      state_.listener->OnWritten(output.Consume(taken.size()));
    }
  }
  void ShutDown() override { state_.shut_down = true; }
  bool HasUnreadBytes() override { return false; }
  void Close() override { state_.closed = true; }
  SocketAddress LocalAddress() override { return {}; }
  SocketAddress RemoteAddress() override { return {}; }

 private:
  State& state_;
};

// A connection whose handshake is over, and all that it tells.
class Established final : TlsListener {
 public:
  explicit Established(test::TlsServerOptions options = {}) : server(std::move(options)) {
    std::unique_ptr<Transport> inner = std::make_unique<Beneath>(beneath);
    transport.emplace(loop.uv(), std::move(inner), static_cast<TlsListener&>(*this), SecureWith(MakeContext()),
                      std::vector<std::uint8_t>());
    transport->Start();
    peer.ShakeHands();
    REQUIRE(secured);
    CHECK_FALSE(beneath.reading);
    // The server's tickets.
    transport->StartReading();
    Deliver("");
    transport->StopReading();
  }

  // The network brings this; it waits there until it is read.
  void Deliver(std::string_view bytes) {
    network_ += bytes;
    while (!network_.empty() && beneath.reading) {
      const auto room = beneath.listener->ReadTarget();
      const std::string part = network_.substr(0, room.size());
      network_.erase(0, part.size());
      std::copy(part.begin(), part.end(), room.begin());
      beneath.listener->OnRead(part.size());
    }
  }
  std::string Records(std::initializer_list<std::string> records) {
    peer.Cork();
    for (const std::string& record : records) peer.Send(record);
    std::string ciphertext = peer.TakeCiphertext();
    peer.Uncork();
    return ciphertext;
  }
  // Lets it do what it wants to do by itself.
  void GoOn() { loop.RunFor(test::Units(1)); }

  test::TestLoop loop;
  TlsServer server;
  Beneath::State beneath;
  std::optional<TlsTransport> transport;
  TlsPeer peer{server, [this] { return std::exchange(beneath.written, {}); },
               [this](std::string_view bytes) { Deliver(bytes); }};

  // What the listener does when it is told.
  std::function<void()> on_read = [] {};
  std::function<void()> on_written = [] {};
  std::size_t target = 1'000'000;

  bool secured = false;
  std::string received;
  std::vector<std::size_t> reads;
  std::size_t written = 0;
  int ends = 0;
  int truncations = 0;
  std::vector<std::string> errors;
  int closes = 0;

 private:
  std::span<std::uint8_t> ReadTarget() noexcept override {
    room_.resize(target);
    return room_;
  }
  void OnRead(std::size_t size) noexcept override {
    received += AsString(std::span(room_).first(size));
    if (size == 0) return;
    reads.push_back(size);
    on_read();
  }
  void OnEndOfStream() noexcept override { ++ends; }
  void OnTruncated() noexcept override { ++truncations; }
  void OnTlsError(const std::string& words) noexcept override { errors.push_back(words); }
  void OnReadError(int error) noexcept override { errors.emplace_back(uv_err_name(error)); }
  void OnWriteError(int error) noexcept override { errors.emplace_back(uv_err_name(error)); }
  void OnWritten(std::size_t payload) noexcept override {
    written += payload;
    on_written();
  }
  void OnClosed() noexcept override { ++closes; }
  void OnSecured(Secured) noexcept override { secured = true; }
  void OnKeyLog(std::string_view) noexcept override {}

  std::string network_;
  std::vector<std::uint8_t> room_;
};

void Append(core::OutputQueue& queue, std::string_view bytes) {
  std::copy(bytes.begin(), bytes.end(), queue.Append(bytes.size(), bytes.size()));
}

TEST_CASE("several records fill one target") {
  Established tls;
  tls.transport->StartReading();
  tls.Deliver(tls.Records({"one", "two", "three"}));
  CHECK(tls.received == "onetwothree");
  CHECK(tls.reads == std::vector<std::size_t>{11});
}

TEST_CASE("a record fills several targets") {
  Established tls;
  tls.target = 4;
  tls.transport->StartReading();
  tls.Deliver(tls.Records({"a record"}));
  CHECK(tls.received == "a record");
  CHECK(tls.reads == std::vector<std::size_t>{4, 4});
}

TEST_CASE("reading that is stopped in a call stops at once, and goes on by itself though not in the call") {
  Established tls;
  tls.target = 10;
  tls.on_read = [&] { tls.transport->StopReading(); };
  tls.transport->StartReading();
  const std::string ciphertext = tls.Records({std::string(25, 'a'), std::string(5, 'b')});
  tls.Deliver(ciphertext);
  CHECK(tls.received.size() == 10);
  CHECK_FALSE(tls.beneath.reading);
  CHECK(tls.transport->HasUnreadBytes());
  tls.transport->StartReading();
  CHECK(tls.received.size() == 10);
  tls.GoOn();
  CHECK(tls.received.size() > 10);
  CHECK(tls.received.size() == 20);
  tls.on_read = [] {};
  tls.transport->StartReading();
  tls.GoOn();
  CHECK(tls.received.size() > 20);
  CHECK(tls.received == std::string(25, 'a') + std::string(5, 'b'));
  CHECK_FALSE(tls.transport->HasUnreadBytes());
  CHECK(tls.beneath.reading);
}

TEST_CASE("a start that is taken back gives nothing") {
  Established tls;
  tls.target = 10;
  tls.on_read = [&] { tls.transport->StopReading(); };
  tls.transport->StartReading();
  tls.Deliver(tls.Records({std::string(25, 'a')}));
  tls.transport->StartReading();
  tls.transport->StopReading();
  tls.loop.RunFor(test::Units(1));
  CHECK(tls.received.size() == 10);
}

TEST_CASE("reading that is stopped and started in a call goes on") {
  Established tls;
  tls.target = 10;
  tls.on_read = [&] {
    tls.transport->StopReading();
    tls.transport->StartReading();
  };
  tls.transport->StartReading();
  tls.Deliver(tls.Records({std::string(25, 'a')}));
  CHECK(tls.received.size() == 25);
  CHECK(tls.beneath.reading);
}

TEST_CASE("after a close in a call nothing more is told but that it is closed") {
  Established tls;
  tls.target = 10;
  tls.on_read = [&] { tls.transport->Close(); };
  tls.transport->StartReading();
  tls.Deliver(tls.Records({std::string(25, 'a')}));
  CHECK(tls.received.size() == 10);
  CHECK(tls.beneath.closed);
  tls.beneath.listener->OnWriteError(UV_EPIPE);
  tls.beneath.listener->OnTlsError("of TLS beneath");
  CHECK(tls.errors.empty());
  tls.beneath.listener->OnClosed();
  CHECK(tls.closes == 1);
}

TEST_CASE("an end waits behind what nobody has read, and is told again to who reads on") {
  Established tls;
  tls.target = 10;
  tls.on_read = [&] { tls.transport->StopReading(); };
  tls.transport->StartReading();
  tls.peer.Cork();
  tls.peer.Send(std::string(15, 'a'));
  tls.peer.SendCloseNotify();
  tls.Deliver(tls.peer.TakeCiphertext());
  for (int ends = 0; ends < 2; ++ends) {
    CHECK(tls.ends == ends);
    tls.on_read = [] {};
    tls.transport->StartReading();
    tls.GoOn();
    CHECK(tls.ends > ends);
    CHECK(tls.received.size() == 15);
  }
}

TEST_CASE("an end of the stream beneath without a close_notify is told as that") {
  Established tls;
  tls.transport->StartReading();
  tls.beneath.listener->OnEndOfStream();
  CHECK(tls.truncations == 1);
  CHECK(tls.ends == 0);
}

TEST_CASE("an error waits behind what nobody has read") {
  Established tls;
  tls.target = 10;
  tls.on_read = [&] { tls.transport->StopReading(); };
  tls.transport->StartReading();
  std::string ciphertext = tls.Records({std::string(10, 'a'), "b"});
  ciphertext.back() = static_cast<char>(ciphertext.back() ^ 1);
  tls.Deliver(ciphertext);
  CHECK(tls.errors.empty());
  tls.transport->StartReading();
  tls.GoOn();
  CHECK(!tls.errors.empty());
  CHECK(tls.errors == std::vector<std::string>{"error:0A000119:SSL routines::decryption failed or bad record mac"});
  // What comes then nobody can read, but its end is told.
  tls.transport->StartReading();
  tls.Deliver("rubbish");
  tls.beneath.listener->OnEndOfStream();
  CHECK(tls.ends == 1);
  CHECK(tls.received == std::string(10, 'a'));
}

TEST_CASE("an error behind bytes that are answered is told once and in its own words") {
  Established tls;
  core::OutputQueue output;
  tls.on_read = [&] {
    Append(output, "an answer");
    tls.transport->Write(output);
  };
  tls.transport->StartReading();
  std::string ciphertext = tls.Records({"a question", "b"});
  ciphertext.back() = static_cast<char>(ciphertext.back() ^ 1);
  tls.Deliver(ciphertext + tls.Records({"c"}));
  // Which would be waited for, so that closing is no reset.
  CHECK_FALSE(tls.transport->HasUnreadBytes());
  CHECK(tls.received == "a question");
  CHECK(tls.errors == std::vector<std::string>{"error:0A000119:SSL routines::decryption failed or bad record mac"});
}

TEST_CASE("much ciphertext with few bytes in it is taken in over several turns of the loop") {
  constexpr int kRecords = 24'000;  // of 23 bytes, so that they fill a small buffer and two big ones
  Established tls;
  tls.transport->StartReading();
  tls.peer.Cork();
  for (int i = 0; i < kRecords; ++i) tls.peer.Send("r");
  tls.Deliver(tls.peer.TakeCiphertext());
  for (int turns = 0; turns < 2; ++turns) {
    CHECK(tls.received.size() < kRecords);
    CHECK_FALSE(tls.beneath.reading);
    tls.GoOn();
    CHECK(tls.beneath.reading);
    tls.Deliver("");
  }
  CHECK(tls.received == std::string(kRecords, 'r'));
}

TEST_CASE("a write waits for the rest of a ticket that comes in several records") {
  Established tls;
  tls.transport->StartReading();
  tls.peer.Cork();
  tls.peer.SendLargeTicket();
  const std::string ticket = tls.peer.TakeCiphertext();
  tls.peer.Uncork();
  constexpr std::size_t kFirst = 1000;
  tls.Deliver(ticket.substr(0, kFirst));
  core::OutputQueue output;
  Append(output, "a request");
  tls.transport->Write(output);
  tls.transport->ShutDown();
  CHECK(tls.errors.empty());
  CHECK(tls.written == 0);
  CHECK_FALSE(tls.beneath.shut_down);
  tls.Deliver(ticket.substr(kFirst));
  CHECK(tls.errors.empty());
  CHECK(tls.written == 9);
  CHECK(tls.beneath.shut_down);
  CHECK(tls.peer.ReadSome() == "a request");
}

TEST_CASE("a peer that asks for answers without end and reads none of them gets no more memory") {
  constexpr int kUpdates = 4000;  // whose answers have 27 bytes
  Established tls;
  tls.beneath.room = 0;
  core::OutputQueue output;
  Append(output, std::string(500'000, 'p'));
  tls.transport->Write(output);
  tls.transport->StartReading();
  for (int i = 0; i < kUpdates && tls.errors.empty(); ++i) tls.peer.UpdateKeys();
  CHECK(tls.errors == std::vector<std::string>{"the peer asks for more than it reads"});
  CHECK(tls.beneath.output->size() < std::size_t{200} << 10);
  tls.transport->Close();
  CHECK(tls.beneath.closed);
}

TEST_CASE("no more is encrypted than a little ahead of the network") {
  constexpr std::size_t kPayload = 2'000'000;
  constexpr std::size_t kAhead = (std::size_t{128} << 10) + (std::size_t{17} << 10);
  Established tls;
  tls.beneath.room = 0;
  core::OutputQueue output;
  Append(output, std::string(kPayload, 'p'));
  tls.transport->Write(output);
  CHECK(tls.written == 0);
  CHECK(tls.transport->HoldsOutput());
  CHECK(output.size() > kPayload - kAhead);
  CHECK(tls.beneath.output->size() < kAhead);
  tls.beneath.room = 1'000'000;
  tls.beneath.listener->OnWritten(0);
  tls.on_written = [&] { CHECK(tls.beneath.output->size() < kAhead); };
  Beneath(tls.beneath).Write(*tls.beneath.output);
  CHECK(tls.written < 1'000'000);
  CHECK(tls.written > 900'000);
  tls.beneath.room = ~std::size_t{0};
  Beneath(tls.beneath).Write(*tls.beneath.output);
  CHECK(tls.written == kPayload);
  CHECK(output.empty());
  CHECK_FALSE(tls.transport->HoldsOutput());
  std::string received;
  while (received.size() < kPayload) received += tls.peer.ReadSome();
  CHECK(received == std::string(kPayload, 'p'));
}

TEST_CASE("small frames share a record") {
  Established tls;
  core::OutputQueue output;
  core::Payload large(10);
  large.set_size(10);
  std::fill_n(large.bytes(), 10, 'l');
  Append(output, "small");
  output.AppendLarge(AsSpan("head"), std::move(large), 10);
  Append(output, "small");
  tls.transport->Write(output);
  constexpr std::size_t kOverhead = 22;  // a header of 5, a type of 1 and a tag of 16
  CHECK(tls.beneath.written.size() == 5 + 4 + 10 + 5 + kOverhead);
  CHECK(tls.written == 20);
  CHECK(tls.peer.ReadSome() == "smallhead" + std::string(10, 'l') + "small");
}

TEST_CASE("bytes whose payload was larger than they are count it once they are written") {
  Established tls;
  core::OutputQueue output;
  std::fill_n(output.Append(10, 5000, false), 10, 'c');
  tls.beneath.room = 10;
  tls.transport->Write(output);
  CHECK(tls.written == 0);
  tls.beneath.room = 100;
  Beneath(tls.beneath).Write(*tls.beneath.output);
  CHECK(tls.written == 5000);
}

TEST_CASE("half-closing comes behind all that is to be written, with a close_notify") {
  Established tls;
  tls.beneath.room = 0;
  core::OutputQueue output;
  Append(output, std::string(500'000, 'p'));
  tls.transport->Write(output);
  tls.transport->ShutDown();
  CHECK_FALSE(tls.beneath.shut_down);
  tls.beneath.room = ~std::size_t{0};
  Beneath(tls.beneath).Write(*tls.beneath.output);
  CHECK(tls.beneath.shut_down);
  CHECK(tls.written == 500'000);
  tls.peer.ReadToCloseNotify();
  // The other half goes on.
  tls.transport->StartReading();
  tls.peer.Send("still here");
  CHECK(tls.received == "still here");
}

TEST_CASE("closing says so to the peer") {
  Established tls;
  tls.transport->Close();
  CHECK(tls.beneath.closed);
  tls.peer.ReadToCloseNotify();
}

TEST_CASE("an answer to the peer's key update goes out with what is written next") {
  Established tls;
  tls.transport->StartReading();
  tls.peer.UpdateKeys();
  core::OutputQueue output;
  Append(output, "new keys");
  tls.transport->Write(output);
  CHECK(tls.written == 8);
  CHECK(tls.peer.ReadSome() == "new keys");
}

TEST_CASE("a listener that closes when it hears of what is written") {
  Established tls;
  tls.on_written = [&] {
    if (!tls.beneath.closed) tls.transport->Close();
  };
  core::OutputQueue output;
  Append(output, std::string(500'000, 'p'));
  tls.transport->Write(output);
  CHECK(tls.beneath.closed);
  CHECK_FALSE(output.empty());
}

}  // namespace
}  // namespace hawser::reader
