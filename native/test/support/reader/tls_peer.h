// The server's side of TLS for a scripted peer: the peer's steps, over TLS. OpenSSL is linked here as everywhere else;
// what is tested calls it by its table.
//
//   const TlsServer server;
//   ScriptedPeer peer([&](Peer& p) {
//     p.Accept();
//     TlsPeer tls(server, p);
//     tls.AcceptWebSocket();
//     tls.Send(ServerFrame(0x81, "hello"));
//   });
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "test/support/reader/certificates.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::test {

struct TlsServerOptions {
  Identity identity = TestServer();
  std::string chain = {};      // PEM, of one certificate; sent along
  std::string client_ca = {};  // demands a certificate of its
  std::string alpn = {};       // the protocol that is chosen, if it is offered
  int min_version = 0;
  int max_version = 0;
  std::string ciphers = {};
};

class TlsServer {
 public:
  explicit TlsServer(TlsServerOptions options = {});

  SSL_CTX* context() const { return context_.get(); }

 private:
  const TlsServerOptions options_;
  const std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> context_;
};

// All steps throw std::runtime_error.
class TlsPeer {
 public:
  TlsPeer(const TlsServer& server, Peer& peer);
  // TLS in TLS.
  TlsPeer(const TlsServer& server, TlsPeer& outer);

  // Over whatever moves ciphertext: `receive` waits for some and gives none at the end of the stream.
  TlsPeer(const TlsServer& server, std::function<std::string()> receive, std::function<void(std::string_view)> send);

  // Ciphertext goes out so many bytes at a time from now on.
  void SendInPieces(std::size_t size) { piece_ = size; }
  // Ciphertext is kept back until the next step that sends without this.
  void Cork() { corked_ = true; }
  void Uncork();
  // What is kept back, which is then the script's to send.
  std::string TakeCiphertext();

  void ShakeHands();
  // Why it fails, in OpenSSL's words.
  std::string FailToShakeHands();
  // Shakes hands, reads the request's head and answers.
  void AcceptWebSocket();
  std::string ReadHead();
  SentFrame ReadFrame();
  void Expect(const SentFrame& frame);
  // What has come, waiting for some; empty at a close_notify. Throws where the stream ends without one.
  std::string ReadSome();
  // Why nothing can be read, in OpenSSL's words.
  std::string FailToRead();
  // Up to the client's close_notify.
  void ReadToCloseNotify();
  void Send(std::string_view bytes);

  // Asks for the client's new keys as well as using its own.
  void UpdateKeys();
  void RequestRenegotiation();
  void SendTicket();
  // Of some KiB, in records of half of one.
  void SendLargeTicket();
  void SendCloseNotify();

  const SSL* ssl() const { return ssl_.get(); }
  // OpenSSL's error where a step has thrown because of one.
  static std::string Words();

 private:
  int Run(const std::function<int()>& step);
  void Flush();
  std::string Take(std::size_t size);

  const std::function<std::string()> receive_;
  const std::function<void(std::string_view)> send_;
  const std::unique_ptr<SSL, FreeBy<SSL_free>> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  std::size_t piece_ = 0;
  bool corked_ = false;
  std::string buffer_;
};

}  // namespace hawser::test
