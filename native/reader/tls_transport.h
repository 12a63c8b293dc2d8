// TLS over another transport: itself a transport, and the listener of the one beneath. Ciphertext comes through a
// buffer of its own that is read into again only when all of it is decrypted, straight into the listener's memory; it
// goes out through a queue that is no more than a little ahead of the network and carries the count of application
// bytes with it. Judges no certificate. Reader thread.
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/output_queue.h"
#include "reader/command.h"
#include "reader/notice.h"
#include "reader/timer.h"
#include "reader/tls_callbacks.h"
#include "reader/tls_context.h"
#include "reader/transport.h"

namespace hawser::reader {

class TlsListener : public TransportListener {
 public:
  // The handshake is over. What was given to Write before is not written unless it is given again.
  virtual void OnSecured(Secured secured) noexcept = 0;
  virtual void OnKeyLog(std::string_view line) noexcept = 0;

 protected:
  ~TlsListener() = default;
};

class TlsTransport final : public Transport, TransportListener, TlsCallbacks {
 public:
  // `inner` is only taken over if this does not throw, which would be TlsError or std::bad_alloc; nothing that was
  // given to its Write may be left. `early`: what has been read of it already.
  TlsTransport(uv_loop_t* loop, std::unique_ptr<Transport>&& inner, TlsListener& listener, Secure command,
               std::vector<std::uint8_t> early);
  ~TlsTransport() override;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  // Begins the handshake; once, before all else.
  void Start() noexcept;

  void SetListener(TransportListener& listener) override { listener_ = &listener; }
  void StartReading() override;
  void StopReading() override;
  void Write(core::OutputQueue& output) override;
  bool HoldsOutput() override { return !ciphertext_.empty() || inner_->HoldsOutput(); }
  void ShutDown() override;
  bool HasUnreadBytes() override;
  void Close() override;
  SocketAddress LocalAddress() override { return inner_->LocalAddress(); }
  SocketAddress RemoteAddress() override { return inner_->RemoteAddress(); }

 private:
  enum class State : std::uint8_t { kHandshake, kOpen, kFailed, kClosed };
  // How the peer's side of the stream has ended, whether or not the listener was told.
  enum class End : std::uint8_t { kNone, kCloseNotify, kError, kNoMemory };
  // Why ciphertext of OpenSSL's was not taken.
  enum class Lost : std::uint8_t { kNothing, kNoRoom, kNoMemory };

  // --- TransportListener, of the transport beneath ---
  std::span<std::uint8_t> ReadTarget() noexcept override;
  void OnRead(std::size_t size) noexcept override;
  void OnEndOfStream() noexcept override;
  void OnTruncated() noexcept override;
  void OnTlsError(const std::string& words) noexcept override;
  void OnReadError(int error) noexcept override;
  void OnWriteError(int error) noexcept override;
  void OnWritten(std::size_t payload) noexcept override;
  void OnClosed() noexcept override;

  // --- TlsCallbacks ---
  std::size_t TakeCiphertext(std::span<std::uint8_t> target) noexcept override;
  bool PutCiphertext(std::span<const std::uint8_t> bytes) noexcept override;
  void OnNewSession(const SSL_SESSION* session) noexcept override;
  void OnKeyLogLine(const char* line) noexcept override;

  SslPtr Prepare();
  void ShakeHands() noexcept;
  std::size_t Deliver() noexcept;
  void ChooseBuffer(std::size_t read) noexcept;
  void KeepBuffer(bool keep) noexcept;
  std::size_t Decrypt(std::span<std::uint8_t> target) noexcept;
  bool Encrypt() noexcept;
  bool EncryptRecord() noexcept;
  void Flush() noexcept;
  void Notify() noexcept;
  void MaybeShutDown() noexcept;
  bool NoteFailure(int result) noexcept;
  void TellEnd() noexcept;
  void GoOn() noexcept;
  bool HasMore() const;
  bool closed() const { return state_ == State::kClosed; }

  const Secure command_;
  const OpenSsl& openssl_;
  TransportListener* listener_;
  TlsListener& tls_listener_;
  bool resumes_ = false;  // by a session of the context's
  SslPtr ssl_;

  const std::vector<std::uint8_t> early_;
  const std::unique_ptr<std::uint8_t[]> small_buffer_;
  std::unique_ptr<std::uint8_t[]> big_buffer_;  // while much is read
  int few_reads_ = 0;                           // in a row that would have fitted the small one
  std::span<const std::uint8_t> unread_;        // ciphertext, of one of these
  core::OutputQueue ciphertext_;
  core::OutputQueue* output_ = nullptr;

  State state_ = State::kHandshake;
  End end_ = End::kNone;
  std::string words_;  // of kError
  Lost lost_ = Lost::kNothing;
  bool reading_ = false;  // as the listener wants it
  bool delivering_ = false;
  bool keeps_buffer_ = false;
  bool write_waits_ = false;  // for more of the peer's
  bool notified_ = false;     // close_notify was made
  bool shutdown_wanted_ = false;
  Timer go_on_;
  const std::unique_ptr<Transport> inner_;  // last, so that nothing that throws comes after it
};

}  // namespace hawser::reader
