#include "test/support/reader/tls_peer.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace hawser::test {
namespace {

[[noreturn]] void FailTls(const char* step, const std::string& what) {
  throw std::runtime_error(std::string("TLS peer: ") + step + ": " + what);
}

SSL_CTX* MakeContext(const TlsServerOptions& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const OwnedKey key = KeyOf(options.identity.key);
  SSL_CTX_use_certificate(context, CertificateOf(options.identity.certificate).get());
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) FailTls("server", "no certificate");
  if (!options.chain.empty()) SSL_CTX_add1_chain_cert(context, CertificateOf(options.chain).get());
  SSL_CTX_set_min_proto_version(context, options.min_version);
  SSL_CTX_set_max_proto_version(context, options.max_version);
  if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context, options.ciphers.c_str());
  if (!options.client_ca.empty()) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), CertificateOf(options.client_ca).get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  constexpr std::string_view kName = "test";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kName.data()), kName.size());
  return context;
}

// Chooses the one protocol that is known.
int ChooseAlpn(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
               unsigned offered_size, void* argument) {
  const auto& known = static_cast<const TlsServerOptions*>(argument)->alpn;
  for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (name != known) continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

TlsServer::TlsServer(TlsServerOptions options) : options_(std::move(options)), context_(MakeContext(options_)) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): only read
  SSL_CTX_set_alpn_select_cb(context_.get(), ChooseAlpn, const_cast<TlsServerOptions*>(&options_));
}

TlsPeer::TlsPeer(const TlsServer& server, Peer& peer)
    : TlsPeer(
          server, [&peer] { return peer.ReadSome(); }, [&peer](std::string_view bytes) { peer.Send(bytes); }) {}

TlsPeer::TlsPeer(const TlsServer& server, TlsPeer& outer)
    : TlsPeer(
          server, [&outer] { return outer.ReadSome(); }, [&outer](std::string_view bytes) { outer.Send(bytes); }) {}

TlsPeer::TlsPeer(const TlsServer& server, std::function<std::string()> receive,
                 std::function<void(std::string_view)> send)
    : receive_(std::move(receive)),
      send_(std::move(send)),
      ssl_(SSL_new(server.context())),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  BIO_set_mem_eof_return(in_, -1);
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_accept_state(ssl_.get());
}

std::string TlsPeer::Words() {
  std::array<char, 256> words{};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  return words.data();
}

void TlsPeer::Uncork() {
  corked_ = false;
  Flush();
}

std::string TlsPeer::TakeCiphertext() {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out_, &bytes);
  std::string ciphertext(bytes, static_cast<std::size_t>(size));
  (void)BIO_reset(out_);
  return ciphertext;
}

void TlsPeer::Flush() {
  if (corked_) return;
  const std::string sent = TakeCiphertext();
  const std::size_t piece = piece_ == 0 ? sent.size() : piece_;
  for (std::size_t at = 0; at < sent.size(); at += piece) send_(std::string_view(sent).substr(at, piece));
}

// Until it is done, or fails: then it returns what SSL_get_error says. The client's bytes are read as it wants them.
int TlsPeer::Run(const std::function<int()>& step) {
  for (;;) {
    ERR_clear_error();
    const int result = step();
    Flush();
    if (result == 1) return SSL_ERROR_NONE;
    if (const int error = SSL_get_error(ssl_.get(), result); error != SSL_ERROR_WANT_READ) return error;
    const std::string bytes = receive_();
    if (bytes.empty()) FailTls("read", "the stream ended without close_notify");
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  }
}

void TlsPeer::ShakeHands() {
  if (Run([this] { return SSL_do_handshake(ssl_.get()); }) != SSL_ERROR_NONE) FailTls("handshake", Words());
}

std::string TlsPeer::FailToShakeHands() {
  if (Run([this] { return SSL_do_handshake(ssl_.get()); }) == SSL_ERROR_NONE) FailTls("handshake", "it succeeds");
  return Words();
}

void TlsPeer::AcceptWebSocket() {
  ShakeHands();
  (void)ReadHead();
  Send(kResponseHead);
}

std::string TlsPeer::ReadSome() {
  if (!buffer_.empty()) return std::exchange(buffer_, {});
  std::string bytes(std::size_t{64} << 10, '\0');
  std::size_t size = 0;
  const int error = Run([&] { return SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &size); });
  if (error == SSL_ERROR_ZERO_RETURN) return "";
  if (error != SSL_ERROR_NONE) FailTls("read", Words());
  return bytes.substr(0, size);
}

std::string TlsPeer::FailToRead() {
  std::array<char, 1024> bytes{};
  std::size_t size = 0;
  if (Run([&] { return SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &size); }) != SSL_ERROR_SSL) {
    FailTls("read", "it succeeds");
  }
  return Words();
}

std::string TlsPeer::Take(std::size_t size) {
  while (buffer_.size() < size) {
    std::string before = std::exchange(buffer_, {});
    const std::string next = ReadSome();
    if (next.empty()) FailTls("read", "a close_notify came");
    buffer_ = std::move(before.append(next));
  }
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return taken;
}

std::string TlsPeer::ReadHead() {
  constexpr std::string_view kEmptyLine = "\r\n\r\n";
  std::string head;
  while (!head.ends_with(kEmptyLine)) head += Take(1);
  return head;
}

SentFrame TlsPeer::ReadFrame() {
  return ReadFrameBy([this](std::size_t size) { return Take(size); });
}

void TlsPeer::Expect(const SentFrame& frame) {
  if (const SentFrame read = ReadFrame(); read != frame) {
    FailTls("expect", std::string("another frame came: ") + read.payload.substr(0, 100));
  }
}

void TlsPeer::ReadToCloseNotify() {
  do buffer_.clear();
  while (!ReadSome().empty());
}

void TlsPeer::Send(std::string_view bytes) {
  std::size_t written = 0;
  if (Run([&] { return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written); }) != SSL_ERROR_NONE) {
    FailTls("send", Words());
  }
}

void TlsPeer::UpdateKeys() {
  if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) != 1) FailTls("update keys", Words());
  ShakeHands();
}

void TlsPeer::RequestRenegotiation() {
  if (SSL_renegotiate(ssl_.get()) != 1) FailTls("request renegotiation", Words());
  (void)SSL_do_handshake(ssl_.get());
  Flush();
}

void TlsPeer::SendTicket() {
  if (SSL_new_session_ticket(ssl_.get()) != 1) FailTls("send ticket", Words());
  ShakeHands();
}

void TlsPeer::SendLargeTicket() {
  constexpr std::size_t kRecord = 512;
  const auto fill = [](SSL* ssl, void*) {
    const std::string data(5 * kRecord, 't');
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data.data(), data.size());
  };
  SSL_CTX_set_session_ticket_cb(SSL_get_SSL_CTX(ssl_.get()), fill, nullptr, nullptr);
  SSL_set_max_send_fragment(ssl_.get(), kRecord);
  SendTicket();
}

void TlsPeer::SendCloseNotify() {
  (void)SSL_shutdown(ssl_.get());
  Flush();
}

}  // namespace hawser::test
