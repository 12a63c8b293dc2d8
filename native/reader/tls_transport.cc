#include "reader/tls_transport.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "reader/tls_verdict.h"

namespace hawser::reader {

namespace {

// Read at once: a record's worth, and many while there is so much. As many reads in a row that bring less show that
// there is not.
constexpr std::size_t kSmallBuffer = std::size_t{17} << 10;
constexpr std::size_t kBigBuffer = std::size_t{256} << 10;
constexpr int kFewReads = 64;
// What makes a read of little plaintext suspicious.
constexpr std::size_t kMuchCiphertext = std::size_t{64} << 10;
// What is encrypted ahead of the network: enough for it to be busy while more is encrypted.
constexpr std::size_t kMostAhead = std::size_t{128} << 10;
constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
// What may wait for the network once the handshake is over: besides what is ahead, TLS's own answers. A peer that asks
// for more (thousands of key updates) and reads none of them is not to have our memory.
constexpr std::size_t kMostWaiting = kMostAhead + (std::size_t{64} << 10);

// Of a queue that begins with a large frame's header: it, and its payload.
constexpr std::size_t kPieces = 4;

}  // namespace

TlsTransport::TlsTransport(uv_loop_t* loop, std::unique_ptr<Transport>&& inner, TlsListener& listener, Secure command,
                           std::vector<std::uint8_t> early)
    : command_(std::move(command)),
      openssl_(command_.context->openssl()),
      listener_(&listener),
      tls_listener_(listener),
      ssl_(Prepare()),
      early_(std::move(early)),
      small_buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kSmallBuffer)),
      unread_(early_),
      go_on_(loop, [this] { GoOn(); }),
      inner_(std::move(inner)) {
  inner_->SetListener(*this);
}

// Some systems tell OpenSSL of no thread's end.
TlsTransport::~TlsTransport() {
  ssl_.reset();
  openssl_.OPENSSL_thread_stop();
}

SslPtr TlsTransport::Prepare() {
  const auto require = [this](bool done, const char* otherwise) {
    if (!done) throw TlsError(TakeOpenSslError(openssl_, otherwise));
  };
  SslPtr ssl = command_.context->NewConnection();
  if (!command_.servername.empty()) {
    // A parameter that SSL_ctrl only reads.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    auto* name = const_cast<char*>(command_.servername.c_str());
    require(openssl_.SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1,
            "failed to set the server name");
  }
  if (!command_.alpn.empty()) {
    const auto size = static_cast<unsigned>(command_.alpn.size());
    require(openssl_.SSL_set_alpn_protos(ssl.get(), command_.alpn.data(), size) == 0, "failed to set ALPN protocols");
  }
  SslSessionPtr session = command_.context->DecodeSession(command_.session);
  if (command_.session.empty() && !command_.session_key.empty()) {
    session = command_.context->sessions().Find(command_.session_key);
    resumes_ = session != nullptr;
  }
  if (session) require(openssl_.SSL_set_session(ssl.get(), session.get()) == 1, "failed to set the session");
  return ssl;
}

void TlsTransport::Start() noexcept {
  inner_->StartReading();
  ShakeHands();
}

// --- handshake ------------------------------------------------------------------------------------------------------

void TlsTransport::ShakeHands() noexcept {
  int result = 0;
  {
    const TlsCall call(openssl_, *this);
    result = openssl_.SSL_do_handshake(ssl_.get());
    if (result != 1) (void)NoteFailure(result);
  }
  // An alert, if it has failed.
  Flush();
  if (closed()) return;
  if (result != 1) {
    if (end_ != End::kNone) TellEnd();
    return;
  }
  state_ = State::kOpen;
  try {
    tls_listener_.OnSecured(DescribeConnection(openssl_, ssl_.get(), command_.identity));
  } catch (const std::exception&) {
    end_ = End::kNoMemory;
    TellEnd();
  }
  if (closed()) return;
  MaybeShutDown();
  if (closed()) return;
  if (reading_) {
    Deliver();
  } else {
    inner_->StopReading();
  }
}

void TlsTransport::OnNewSession(const SSL_SESSION* session) noexcept {
  const bool verified = openssl_.SSL_get_verify_result(ssl_.get()) == X509_V_OK &&
                        openssl_.SSL_get0_peer_certificate(ssl_.get()) != nullptr;
  if (!verified || command_.session_key.empty() || openssl_.SSL_SESSION_is_resumable(session) != 1) return;
  try {
    command_.context->sessions().Put(command_.session_key, session);
  } catch (const std::exception&) {
    // There will be another one.
  }
}

void TlsTransport::OnKeyLogLine(const char* line) noexcept {
  if (command_.keylog) tls_listener_.OnKeyLog(line);
}

// --- receiving ------------------------------------------------------------------------------------------------------

std::span<std::uint8_t> TlsTransport::ReadTarget() noexcept {
  if (big_buffer_) return {big_buffer_.get(), kBigBuffer};
  return {small_buffer_.get(), kSmallBuffer};
}

// Nothing may be left in either. A read that finds nothing at all says nothing.
void TlsTransport::ChooseBuffer(std::size_t read) noexcept {
  if (read >= kSmallBuffer) {
    few_reads_ = 0;
    if (!big_buffer_) big_buffer_.reset(new (std::nothrow) std::uint8_t[kBigBuffer]);
  } else if (big_buffer_ && read > 0 && ++few_reads_ == kFewReads) {
    few_reads_ = 0;
    big_buffer_.reset();
  }
}

void TlsTransport::OnRead(std::size_t size) noexcept {
  if (state_ == State::kFailed || end_ != End::kNone) return;  // whatever that is, nobody can read it
  unread_ = {ReadTarget().data(), size};
  if (state_ == State::kHandshake) return ShakeHands();
  const std::size_t delivered = Deliver();
  if (unread_.empty()) ChooseBuffer(size);
  // Much work for few bytes, such as messages of TLS's own: the loop turns before there is more of it.
  if (size < kMuchCiphertext || delivered > size / 2 || !reading_ || state_ != State::kOpen) return;
  inner_->StopReading();
  go_on_.Start(0);
}

std::size_t TlsTransport::TakeCiphertext(std::span<std::uint8_t> target) noexcept {
  const std::size_t size = std::min(target.size(), unread_.size());
  std::copy_n(unread_.begin(), size, target.begin());
  unread_ = unread_.subspan(size);
  return size;
}

// Gives the listener what is decrypted for as long as it wants it: it may stop reading, or end it all, in any call.
// Returns how many bytes that were.
std::size_t TlsTransport::Deliver() noexcept {
  std::size_t delivered = 0;
  if (std::exchange(delivering_, true)) return delivered;
  while (reading_ && state_ == State::kOpen && HasMore()) {
    const auto target = listener_->ReadTarget();
    const std::size_t size = Decrypt(target);
    delivered += size;
    listener_->OnRead(size);
    if (closed()) break;
    const bool going = !write_waits_ || Encrypt();
    // An answer to a request of TLS's own, too.
    Flush();
    if (state_ == State::kOpen && (!going || (end_ != End::kNone && reading_))) TellEnd();
    MaybeShutDown();
    if (size < target.size()) break;
  }
  delivering_ = false;
  return delivered;
}

// OpenSSL frees its buffer behind each record, so that quiet connections hold none; not where the next is here already.
void TlsTransport::KeepBuffer(bool keep) noexcept {
  if (std::exchange(keeps_buffer_, keep) == keep) return;
  openssl_.SSL_ctrl(ssl_.get(), keep ? SSL_CTRL_CLEAR_MODE : SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, nullptr);
}

// Fills the target as far as what has come goes; less than all means that there is no more, or the end.
std::size_t TlsTransport::Decrypt(std::span<std::uint8_t> target) noexcept {
  std::size_t filled = 0;
  if (end_ != End::kNone) return filled;
  const TlsCall call(openssl_, *this);
  // Of an answer of its own that it can't give OpenSSL may make nothing.
  while (filled < target.size() && lost_ == Lost::kNothing) {
    std::size_t size = 0;
    KeepBuffer(unread_.size() > kRecord);
    const auto room = target.subspan(filled);
    const int result = openssl_.SSL_read_ex(ssl_.get(), room.data(), room.size(), &size);
    filled += size;
    if (result != 1 || lost_ != Lost::kNothing) {
      (void)NoteFailure(result);
      break;
    }
  }
  return filled;
}

// Why a call of OpenSSL's has failed; false if for want of more.
bool TlsTransport::NoteFailure(int result) noexcept {
  const int error = openssl_.SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ && lost_ == Lost::kNothing) return false;
  if (error == SSL_ERROR_ZERO_RETURN) {
    end_ = End::kCloseNotify;
    return true;
  }
  end_ = lost_ == Lost::kNoMemory ? End::kNoMemory : End::kError;
  try {
    words_ = TakeOpenSslError(openssl_, lost_ == Lost::kNoRoom ? "the peer asks for more than it reads" : "TLS failed");
    if (state_ == State::kHandshake && resumes_) command_.context->sessions().Forget(command_.session_key);
  } catch (const std::exception&) {
    end_ = End::kNoMemory;
  }
  return true;
}

void TlsTransport::TellEnd() noexcept {
  reading_ = false;
  inner_->StopReading();
  if (end_ == End::kCloseNotify) return listener_->OnEndOfStream();
  state_ = State::kFailed;
  if (end_ == End::kNoMemory) return listener_->OnReadError(UV_ENOMEM);
  listener_->OnTlsError(words_);
}

void TlsTransport::StartReading() {
  if (closed()) return;
  reading_ = true;
  // Not in here: the listener is in the middle of something.
  if (!delivering_ && HasMore()) return go_on_.Start(0);
  inner_->StartReading();
}

void TlsTransport::StopReading() {
  reading_ = false;
  go_on_.Stop();
  if (state_ == State::kOpen || state_ == State::kFailed) inner_->StopReading();
}

// Whether there may be something for the listener without anything more from beneath.
bool TlsTransport::HasMore() const {
  if (state_ != State::kOpen) return false;
  return !unread_.empty() || openssl_.SSL_pending(ssl_.get()) > 0 || end_ != End::kNone;
}

void TlsTransport::GoOn() noexcept {
  if (state_ != State::kOpen || !reading_) return;
  if (end_ != End::kNone) return TellEnd();
  Deliver();
  if (reading_ && !closed()) inner_->StartReading();
}

bool TlsTransport::HasUnreadBytes() {
  // After a failure nobody can read what is left here.
  const bool own = state_ != State::kFailed && !unread_.empty();
  return own || (state_ == State::kOpen && openssl_.SSL_pending(ssl_.get()) > 0) || inner_->HasUnreadBytes();
}

void TlsTransport::OnEndOfStream() noexcept {
  reading_ = false;
  if (state_ == State::kFailed || end_ == End::kCloseNotify) return listener_->OnEndOfStream();
  listener_->OnTruncated();
}

void TlsTransport::OnTruncated() noexcept {
  reading_ = false;
  listener_->OnTruncated();
}

void TlsTransport::OnTlsError(const std::string& words) noexcept {
  if (closed()) return;
  state_ = State::kFailed;
  listener_->OnTlsError(words);
}

void TlsTransport::OnReadError(int error) noexcept {
  reading_ = false;
  listener_->OnReadError(error);
}

// --- sending --------------------------------------------------------------------------------------------------------

void TlsTransport::Write(core::OutputQueue& output) {
  if (state_ == State::kHandshake) return;
  output_ = &output;
  const bool going = Encrypt();
  Flush();
  if (!going && !closed()) return TellEnd();
  MaybeShutDown();
}

// False if it has failed. The end is told by whoever called, when what goes before it is flushed.
bool TlsTransport::Encrypt() noexcept {
  write_waits_ = false;
  if (output_ == nullptr || notified_) return true;
  // An error that was noted is told when what came before it is read.
  if (end_ == End::kError || end_ == End::kNoMemory) return true;
  while (state_ == State::kOpen && !write_waits_ && ciphertext_.size() < kMostAhead && !output_->empty()) {
    if (!EncryptRecord()) return false;
  }
  return true;
}

// A full record where there is so much: small frames are put together, big ones taken from where they are.
bool TlsTransport::EncryptRecord() noexcept {
  std::array<std::span<const std::uint8_t>, kPieces> pieces;
  const std::size_t count = output_->Peek(pieces);
  std::array<std::uint8_t, kRecord> gathered;  // NOLINT(*-member-init): filled as far as it is used
  std::span<const std::uint8_t> plaintext = pieces[0].first(std::min(pieces[0].size(), kRecord));
  if (plaintext.size() < kRecord && count > 1) {
    std::size_t size = 0;
    for (const auto& piece : std::span(pieces).first(count)) {
      const std::size_t part = std::min(piece.size(), kRecord - size);
      std::copy_n(piece.begin(), part, gathered.begin() + static_cast<std::ptrdiff_t>(size));
      size += part;
    }
    plaintext = std::span(gathered).first(size);
  }
  std::size_t written = 0;
  {
    const TlsCall call(openssl_, *this);
    const int result = openssl_.SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written);
    if (result != 1) {
      // What has come ends inside a message of TLS's own, whose rest OpenSSL wants first.
      write_waits_ = !NoteFailure(result);
      return write_waits_;
    }
  }
  const std::size_t payload = output_->Consume(written);
  ciphertext_.AddPayload(payload, payload <= written);
  return true;
}

bool TlsTransport::PutCiphertext(std::span<const std::uint8_t> bytes) noexcept {
  if (state_ == State::kOpen && ciphertext_.size() >= kMostWaiting) {
    lost_ = Lost::kNoRoom;
    return false;
  }
  try {
    std::copy(bytes.begin(), bytes.end(), ciphertext_.Append(bytes.size(), 0));
    return true;
  } catch (const std::exception&) {
    lost_ = Lost::kNoMemory;
    return false;
  }
}

void TlsTransport::Flush() noexcept {
  if (!ciphertext_.empty() && !closed()) inner_->Write(ciphertext_);
}

// The transport beneath looks at the ciphertext again.
void TlsTransport::OnWritten(std::size_t payload) noexcept {
  if (closed()) return;
  listener_->OnWritten(payload);
  if (closed()) return;
  if (!Encrypt()) return TellEnd();
  MaybeShutDown();
}

void TlsTransport::OnWriteError(int error) noexcept {
  if (!closed()) listener_->OnWriteError(error);
}

// --- ending ---------------------------------------------------------------------------------------------------------

// Makes the close_notify.
void TlsTransport::Notify() noexcept {
  if (state_ != State::kOpen || std::exchange(notified_, true)) return;
  const TlsCall call(openssl_, *this);
  // Whatever it says, there is nothing more to say to the peer.
  (void)openssl_.SSL_shutdown(ssl_.get());
}

void TlsTransport::ShutDown() {
  shutdown_wanted_ = true;
  MaybeShutDown();
}

void TlsTransport::MaybeShutDown() noexcept {
  if (!shutdown_wanted_ || closed()) return;
  if (state_ == State::kOpen && output_ != nullptr && !output_->empty()) return;
  shutdown_wanted_ = false;
  Notify();
  Flush();
  if (!closed()) inner_->ShutDown();
}

// The peer is told that this is the end where the network takes that at once.
void TlsTransport::Close() {
  go_on_.Stop();
  Notify();
  state_ = State::kClosed;
  if (!ciphertext_.empty()) inner_->Write(ciphertext_);
  inner_->Close();
}

void TlsTransport::OnClosed() noexcept { listener_->OnClosed(); }

}  // namespace hawser::reader
