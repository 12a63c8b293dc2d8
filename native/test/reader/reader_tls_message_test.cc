// Messages over TLS: both ways, of many sizes, however the bytes are cut, paused, or interrupted by TLS's own affairs.
#include <doctest/doctest.h>

#include <string>

#include "reader/reader.h"
#include "test/support/reader/application.h"
#include "test/support/reader/gate.h"
#include "test/support/reader/tls_client.h"
#include "test/support/reader/tls_peer.h"

namespace hawser::reader {
namespace {

using test::Application;
using test::BigEndian;
using test::Binary;
using test::DialConfig;
using test::Gate;
using test::OpenSecurely;
using test::PausingConfig;
using test::Peer;
using test::ScriptedPeer;
using test::SentClose;
using test::ServerFrame;
using test::Text;
using test::TlsPeer;
using test::TlsServer;

constexpr std::size_t kSizes[] = {0, 1, 125, 126, 16'000, 16'384, 16'385, 65'535, 65'536, 300'000, 3'000'000};

std::string Message(std::size_t size) {
  std::string message(size, ' ');
  for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>('a' + (i * 31 + i / 997) % 26);
  return message;
}

// Answers the client's Close and reads to its end.
void CloseWith(TlsPeer& tls) {
  tls.Expect(SentClose(1000));
  tls.Send(ServerFrame(0x88, BigEndian(1000, 2)));
  tls.SendCloseNotify();
}

void CloseCleanly(Application& application) {
  application.Close();
  CHECK_FALSE(application.Receive());
  const core::CloseOutcome outcome = application.Join();
  CHECK(outcome.cause == core::CloseCause::kNone);
  CHECK(outcome.received);
}

TEST_CASE("messages of many sizes come") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server({.max_version = version});
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer tls(server, p);
      tls.AcceptWebSocket();
      for (const std::size_t size : kSizes) tls.Send(ServerFrame(0x81, Message(size)));
      CloseWith(tls);
    });
    Application application(DialConfig(peer.port()));
    OpenSecurely(application);
    for (const std::size_t size : kSizes) CHECK(application.Receive() == Text(Message(size)));
    CloseCleanly(application);
  }
}

TEST_CASE("messages of many sizes go, and what is buffered falls to nothing") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server({.max_version = version});
    ScriptedPeer peer([&](Peer& p) {
      p.Accept();
      TlsPeer tls(server, p);
      tls.AcceptWebSocket();
      for (const std::size_t size : kSizes) {
        tls.Expect({core::Opcode::kText, Message(size)});
        tls.Expect({core::Opcode::kBinary, Message(size)});
      }
      tls.Send(ServerFrame(0x81, "done"));
      CloseWith(tls);
    });
    Application application(DialConfig(peer.port()));
    OpenSecurely(application);
    for (const std::size_t size : kSizes) {
      application.SendText(Message(size));
      application.SendLarge(core::Opcode::kBinary, Message(size));
    }
    CHECK(application.Receive() == Text("done"));
    CHECK(application.buffered() == 0);
    CloseCleanly(application);
  }
}

TEST_CASE("ciphertext may come a byte at a time") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.SendInPieces(1);
    tls.AcceptWebSocket();
    tls.Send(ServerFrame(0x81, "one"));
    tls.Send(ServerFrame(0x81, Message(1000)));
    CloseWith(tls);
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK(application.Receive() == Text("one"));
  CHECK(application.Receive() == Text(Message(1000)));
  CloseCleanly(application);
}

TEST_CASE("small frames are put together in records, and small records come together") {
  constexpr int kMessages = 20'000;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    for (int i = 0; i < kMessages; ++i) tls.Expect({core::Opcode::kText, std::to_string(i)});
    tls.Cork();
    for (int i = 0; i < kMessages; ++i) tls.Send(ServerFrame(0x81, std::to_string(i)));
    tls.Uncork();
    CloseWith(tls);
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  for (int i = 0; i < kMessages; ++i) application.SendText(std::to_string(i));
  for (int i = 0; i < kMessages; ++i) REQUIRE(application.Receive() == Text(std::to_string(i)));
  CloseCleanly(application);
}

TEST_CASE("reading pauses in the middle of what is decrypted, and goes on though nothing more comes") {
  constexpr int kMessages = 300;
  Gate taken;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.Cork();
    for (int i = 0; i < kMessages; ++i) tls.Send(ServerFrame(0x82, std::to_string(i) + ":" + Message(1000)));
    tls.Uncork();
    taken.Wait();
    CloseWith(tls);
  });
  Application application(PausingConfig(peer.port()));
  OpenSecurely(application);
  application.AwaitFirstMessage();
  for (int i = 0; i < kMessages; ++i) {
    REQUIRE(application.Receive() == Binary(std::to_string(i) + ":" + Message(1000)));
  }
  taken.Open();
  CloseCleanly(application);
}

TEST_CASE("a peer that sends on while nobody reads gets stuck") {
  Gate stuck;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.AcceptWithSmallBuffer();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    std::string bytes;
    const std::string frame = ServerFrame(0x82, Message(10'000));
    tls.Cork();
    for (int i = 0; i < 600; ++i) tls.Send(frame);
    const std::string ciphertext = tls.TakeCiphertext();
    const std::size_t sent = p.SendUntilStuck(ciphertext);
    if (sent == ciphertext.size()) throw std::runtime_error("the client takes it all");
    stuck.Open();
    p.Send(std::string_view(ciphertext).substr(sent));
    tls.Uncork();
    CloseWith(tls);
  });
  Application application(PausingConfig(peer.port()));
  OpenSecurely(application);
  stuck.Wait();
  for (int i = 0; i < 600; ++i) REQUIRE(application.Receive() == Binary(Message(10'000)));
  CloseCleanly(application);
}

TEST_CASE("what a peer does not read stays buffered, but for what the network holds") {
  constexpr std::size_t kSize = 20'000'000;
  Gate sent;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.Send(ServerFrame(0x81, "go"));
    sent.Wait();
    tls.Expect({core::Opcode::kBinary, Message(kSize)});
    tls.Expect({core::Opcode::kText, "small"});
    tls.Send(ServerFrame(0x81, "done"));
    CloseWith(tls);
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK(application.Receive() == Text("go"));
  application.SendLarge(core::Opcode::kBinary, Message(kSize));
  application.SendText("small");
  CHECK(application.buffered() > kSize / 2);
  sent.Open();
  CHECK(application.Receive() == Text("done"));
  CHECK(application.buffered() == 0);
  CloseCleanly(application);
}

TEST_CASE("both sides send much at the same time") {
  constexpr int kMessages = 200;
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    for (int i = 0; i < kMessages; ++i) {
      tls.Send(ServerFrame(0x82, Message(10'000)));
      tls.Expect({core::Opcode::kBinary, Message(10'000)});
    }
    CloseWith(tls);
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  for (int i = 0; i < kMessages; ++i) application.Send({test::BinaryRecord(Message(10'000))});
  for (int i = 0; i < kMessages; ++i) REQUIRE(application.Receive() == Binary(Message(10'000)));
  CloseCleanly(application);
}

TEST_CASE("keys are updated as the peer asks") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    for (int i = 0; i < 5; ++i) {
      tls.UpdateKeys();
      tls.Send(ServerFrame(0x81, "down"));
      tls.Expect({core::Opcode::kText, "up"});
    }
    CloseWith(tls);
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  for (int i = 0; i < 5; ++i) {
    CHECK(application.Receive() == Text("down"));
    application.SendText("up");
  }
  CloseCleanly(application);
}

TEST_CASE("a renegotiation is refused, and all goes on") {
  const TlsServer server({.max_version = TLS1_2_VERSION});
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    tls.RequestRenegotiation();
    // OpenSSL's server gives up when it is refused.
    if (const std::string words = tls.FailToRead(); words.find("no renegotiation") == std::string::npos) {
      throw std::runtime_error(words);
    }
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK_FALSE(application.Receive());
  peer.Join();
}

TEST_CASE("tickets in the middle of messages are none of them") {
  const TlsServer server;
  ScriptedPeer peer([&](Peer& p) {
    p.Accept();
    TlsPeer tls(server, p);
    tls.AcceptWebSocket();
    const std::string frame = ServerFrame(0x81, "message");
    for (const char byte : frame) {
      tls.Send(std::string_view(&byte, 1));
      tls.SendTicket();
    }
    CloseWith(tls);
  });
  Application application(DialConfig(peer.port()));
  OpenSecurely(application);
  CHECK(application.Receive() == Text("message"));
  CloseCleanly(application);
}

}  // namespace
}  // namespace hawser::reader
