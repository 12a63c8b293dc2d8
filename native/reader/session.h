// One connection on its reader: dials, carries the opening handshake's bytes, runs the protocol, keeps every deadline
// and ends. There is one way out, End(), whoever opens the door. Reader thread from construction to destruction.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/close_outcome.h"
#include "core/limits.h"
#include "core/protocol.h"
#include "reader/command.h"
#include "reader/command_queue.h"
#include "reader/delivery_queue.h"
#include "reader/dialer.h"
#include "reader/frame_reporter.h"
#include "reader/handshake_buffer.h"
#include "reader/input.h"
#include "reader/keepalive.h"
#include "reader/loop.h"
#include "reader/message_writer.h"
#include "reader/reply_wait.h"
#include "reader/test_hooks.h"
#include "reader/tls_transport.h"
#include "reader/transport.h"
#include "reader/wakefulness.h"

namespace hawser::reader {

// Times are milliseconds, 0 switches a deadline off; sizes are bytes.
struct SessionConfig {
  DialConfig dial;
  std::uint64_t open_timeout = 0;
  std::uint64_t close_timeout = 0;
  std::uint64_t ping_interval = 0;
  std::uint64_t ping_timeout = 0;
  core::Limits limits;
  QueueMarks marks;
  std::uint64_t write_low = 0;
  Observation observation = Observation::kNone;
  // What may come in once the connection closes while nobody consumes: reading is not paused then, since the peer's
  // Close is behind it. One message of the biggest size is always let in.
  std::uint64_t closing_backlog = std::uint64_t{64} << 20;
  Delays delays;
};

class Session final : TlsListener, TurnListener, KeepaliveHost, core::EventSink {
 public:
  // `ended` is called once, when the socket is closed and the last messages are published: the session may then be
  // destroyed, though not inside the call.
  Session(Loop& loop, const SessionConfig& config, CommandQueue& commands, DeliveryQueue& delivery, Bell& bell,
          std::function<void()> ended);
  ~Session();

  void Begin() noexcept;
  // Carries out all that is waiting in the command queue.
  void ExecuteCommands() noexcept;

  core::CloseOutcome TakeOutcome() &&;

 private:
  enum class Phase : std::uint8_t { kDialing, kHandshake, kOpen, kEnding, kEnded };

  // --- commands ---
  void Execute(WriteBytes& command);
  void Execute(ReadHead& command);
  void Execute(ReadSome& command);
  void Execute(Secure& command);
  void Execute(Start& command);
  void Execute(SendRecords& command);
  void Execute(SendLarge& command);
  void Execute(NotifyDrained& command);
  void Execute(Resume& command);
  void Execute(CloseConnection& command);
  void Execute(FailConnection& command);
  void Execute(Terminate& command);

  // --- core::EventSink ---
  std::uint8_t* Reserve(std::size_t size) override;
  void Commit(core::MessageForm form, std::size_t size) override { writer_.Commit(form, size); }
  bool CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message) override;
  void CommitLarge(core::MessageForm form, core::Payload message) override;
  void ReceivePing(std::span<const std::uint8_t>) override {}
  void ReceivePong(std::span<const std::uint8_t> payload) override;

  // --- TlsListener ---
  std::span<std::uint8_t> ReadTarget() noexcept override;
  void OnRead(std::size_t size) noexcept override;
  void OnEndOfStream() noexcept override;
  void OnTruncated() noexcept override;
  void OnTlsError(const std::string& words) noexcept override;
  void OnReadError(int error) noexcept override;
  void OnWriteError(int error) noexcept override;
  void OnWritten(std::size_t payload) noexcept override;
  void OnClosed() noexcept override;
  void OnSecured(Secured secured) noexcept override;
  void OnKeyLog(std::string_view line) noexcept override;

  // --- TurnListener, KeepaliveHost ---
  void OnTurnEnd() noexcept override;
  void SendKeepalivePing(std::span<const std::uint8_t> payload) noexcept override;
  bool PongMayBeUnread() noexcept override;
  void OnKeepaliveTimeout() noexcept override;

  void OnDialed(StreamHandle handle, std::size_t target);
  void MaybeSecure();
  void OnDeadline();
  void ReceiveRest();
  void LimitTurn(std::size_t size);
  void AnswerHandshake();
  void AfterInput();
  void EnterClosing();
  bool WantsMessages() const { return closing_ || !paused_; }
  void UpdateReading();
  void WriteOutput();
  bool OutputIsBehind() { return !protocol_.output().empty() || transport_->HoldsOutput(); }
  void ObeyMarks();
  bool BacklogIsFull();
  void AwaitReply();
  void LookForReply();
  bool ReplyIsLikely() const { return from_consumer_.worthwhile() || from_peer_.worthwhile(); }
  void PublishAtTurnEnd();
  void PublishStats() noexcept;
  void Tell(Notice notice);
  void TellClosing();
  void MaybeTellDrained();

  void ReachEnd(core::CloseCause cause);
  void BlameWriting();
  void Blame(core::CloseCause cause, int transport_error = 0, const char* detail = "");
  void FailInternally(const char* what) noexcept;
  void End() noexcept;
  // No libuv frame may see an exception: whatever goes wrong inside a callback ends this connection, with its words.
  template <typename Body>
  void Guard(Body body) noexcept {
    try {
      body();
    } catch (const std::exception& error) {
      FailInternally(error.what());
    }
  }

  Loop& loop_;
  const SessionConfig& config_;
  CommandQueue& commands_;
  DeliveryQueue& delivery_;
  Bell& bell_;
  std::function<void()> ended_;

  Phase phase_ = Phase::kDialing;
  FrameReporter reporter_;
  core::Protocol protocol_;
  MessageWriter writer_;
  Input input_;
  ReplyWait from_consumer_;
  ReplyWait from_peer_;
  Wakefulness wakefulness_;  // while a reply is waited for
  HandshakeBuffer handshake_;
  Keepalive keepalive_;
  Timer deadline_;  // of the opening handshake, then of the closing one
  Dialer dialer_;
  std::unique_ptr<Transport> transport_;
  std::optional<Secure> securing_;  // once what came before it is written

  std::vector<Command> taken_;
  std::uint64_t unwritten_payload_ = 0;  // application bytes in the output queue
  std::uint64_t held_before_closing_ = 0;
  std::size_t read_in_turn_ = 0;  // bytes
  bool output_behind_ = false;    // the network did not take all of it at once, nor has since
  bool paused_ = false;           // by back pressure
  bool closing_ = false;          // a Close was sent or received, or the connection has failed
  bool tls_ = false;              // over whatever else
  bool lingering_ = false;
  bool told_closing_ = false;
  bool drained_wanted_ = false;
  bool waits_for_turn_end_ = false;
  bool stats_behind_ = false;  // something was counted since they were published
  SessionStats stats_;

  core::CloseCause cause_ = core::CloseCause::kNone;
  int transport_error_ = 0;
  int write_error_ = 0;  // of the opening handshake, while there may be something to read that says more
  std::string detail_;
};

}  // namespace hawser::reader
