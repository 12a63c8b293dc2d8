#include "reader/session.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "reader/socket_transport.h"
#include "reader/thread_cpu_time.h"

namespace hawser::reader {

namespace {

// Once the connection has failed nothing is awaited but the peer's end of stream, so that our Close is not lost to a
// reset (RFC 6455 §7.1.1); a peer that owes us nothing gets no more than this.
constexpr std::uint64_t kLinger = 1000;

// A limit of messages' sizes beyond this is none.
constexpr std::uint64_t kBiggestLimit = std::uint64_t{1} << 62;

// What one turn of the loop reads at most, so that commands and timers have their turn as well.
constexpr std::size_t kMostInATurn = std::size_t{2} << 20;

// Lets in not much more than the marks do before they are looked at.
std::uint64_t MostInARead(const QueueMarks& marks) {
  constexpr std::uint64_t kSmallMessage = 16;
  const std::uint64_t messages = std::min(marks.high_messages, QueueMarks::kNone / kSmallMessage);
  return std::min(marks.high_bytes, messages * kSmallMessage);
}

}  // namespace

Session::Session(Loop& loop, const SessionConfig& config, CommandQueue& commands, DeliveryQueue& delivery, Bell& bell,
                 std::function<void()> ended)
    : loop_(loop),
      config_(config),
      commands_(commands),
      delivery_(delivery),
      bell_(bell),
      ended_(std::move(ended)),
      reporter_(config.observation, delivery, bell),
      protocol_(config.limits, loop.masking_keys()),
      writer_(delivery, bell, [this] { PublishStats(); }),
      input_(loop, protocol_, *this, writer_, MostInARead(config.marks)),
      wakefulness_(loop.uv(), [this] { LookForReply(); }),
      keepalive_(loop.uv(), config.ping_interval, config.ping_timeout, *this),
      deadline_(loop.uv(), [this] { Guard([this] { OnDeadline(); }); }),
      dialer_(
          loop.uv(), config.dial,
          [this](StreamHandle handle, std::size_t target) { Guard([&] { OnDialed(std::move(handle), target); }); },
          [this](int error) {
            Blame(core::CloseCause::kDial, error);
            End();
          }) {
  if (reporter_.active()) protocol_.SetObserver(&reporter_);
}

Session::~Session() { loop_.Forget(*this); }

void Session::Begin() noexcept {
  if (config_.open_timeout != 0) deadline_.Start(config_.open_timeout);
  dialer_.Start();
}

void Session::OnDialed(StreamHandle handle, std::size_t target) {
  transport_ = std::make_unique<SocketTransport>(std::move(handle), static_cast<TransportListener&>(*this));
  phase_ = Phase::kHandshake;
  Tell(Dialed{.index = target, .local = transport_->LocalAddress(), .remote = transport_->RemoteAddress()});
}

// TLS begins between two bytes: what was to be sent before has to be the transport's that it was given to.
void Session::MaybeSecure() {
  if (!securing_ || phase_ != Phase::kHandshake || !protocol_.output().empty()) return;
  Secure command = *std::exchange(securing_, std::nullopt);
  try {
    auto tls = std::make_unique<TlsTransport>(loop_.uv(), std::move(transport_), static_cast<TlsListener&>(*this),
                                              std::move(command), handshake_.TakeRest());
    TlsTransport& started = *tls;
    transport_ = std::move(tls);
    tls_ = true;
    started.Start();
  } catch (const TlsError& error) {
    Blame(core::CloseCause::kTls, 0, error.what());
    End();
  }
}

void Session::OnSecured(Secured secured) noexcept {
  Guard([this, &secured] { Tell(std::move(secured)); });
}

void Session::OnKeyLog(std::string_view line) noexcept {
  Guard([this, line] { Tell(KeyLogged{{line.begin(), line.end()}}); });
}

// --- receiving ------------------------------------------------------------------------------------------------------

std::span<std::uint8_t> Session::ReadTarget() noexcept {
  return phase_ == Phase::kOpen ? input_.Target() : loop_.chunk();
}

void Session::OnRead(std::size_t size) noexcept {
  stats_.wire_received += size;
  Guard([this, size] {
    if (phase_ == Phase::kHandshake) {
      // Messages may be right behind the head.
      input_.ReadElsewhere();
      handshake_.Append(loop_.chunk().first(size));
      return AnswerHandshake();
    }
    if (phase_ != Phase::kOpen) return;
    if (size > 0) from_peer_.OnReply();
    input_.Received(size);
    AfterInput();
    ObeyMarks();
    LimitTurn(input_.has_rest() ? kMostInATurn : size);
  });
}

// Goes on with what was read before where the marks allow it, by as much as a turn of the loop lets in.
void Session::ReceiveRest() {
  if (!input_.has_rest()) return;
  writer_.Publish();
  ObeyMarks();
  if (phase_ != Phase::kOpen || !WantsMessages()) return;
  input_.ReceiveRest();
  AfterInput();
  // Before a Resume that answers what was published may come.
  ObeyMarks();
  if (input_.has_rest()) LimitTurn(kMostInATurn);
}

// libuv reads on for as long as reads find as much as they have room for.
void Session::LimitTurn(std::size_t size) {
  if (phase_ != Phase::kOpen) return;
  PublishAtTurnEnd();
  read_in_turn_ += size;
  if (read_in_turn_ < kMostInATurn) return;
  transport_->StopReading();
  commands_.LookAgain();  // so that the loop does not sleep before this turn's end
}

void Session::AnswerHandshake() {
  if (phase_ != Phase::kHandshake) return;
  if (auto answer = handshake_.TakeAnswer()) Tell(std::move(*answer));
  UpdateReading();
}

// Whether or not a message follows: the batch that is filled may hold some that were published before.
std::uint8_t* Session::Reserve(std::size_t size) {
  PublishAtTurnEnd();
  return writer_.Reserve(size);
}

bool Session::CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message) {
  PublishAtTurnEnd();
  return writer_.CommitInPlace(form, message);
}

void Session::CommitLarge(core::MessageForm form, core::Payload message) {
  PublishAtTurnEnd();
  writer_.CommitLarge(form, std::move(message));
}

void Session::PublishAtTurnEnd() {
  stats_behind_ = true;
  if (waits_for_turn_end_) return;
  loop_.CallAtTurnEnd(*this);
  waits_for_turn_end_ = true;
}

void Session::OnTurnEnd() noexcept {
  waits_for_turn_end_ = false;
  Guard([this] {
    MaybeSecure();
    if (std::exchange(read_in_turn_, 0) >= kMostInATurn) UpdateReading();
    const bool rang = writer_.Publish();
    ObeyMarks();
    if (stats_behind_) PublishStats();
    if (!rang) return;
    from_consumer_.OnTold();
    AwaitReply();
  });
}

// Before the messages and notices that they count: who has received a message finds it counted.
void Session::PublishStats() noexcept {
  stats_behind_ = false;
  stats_.received = protocol_.received();
  stats_.sent = protocol_.sent();
  stats_.wire_sent = protocol_.output().consumed();
  delivery_.SetStats(stats_);
}

// Stays out of the poll's sleep for a moment where a reply is likely to be here sooner than a wake would be.
void Session::AwaitReply() {
  if (phase_ != Phase::kOpen || !ReplyIsLikely()) return;
  if (wakefulness_.Start()) commands_.StayAwake();
}

void Session::LookForReply() {
  if (phase_ == Phase::kOpen && ReplyIsLikely() && !commands_.waiting()) return std::this_thread::yield();
  wakefulness_.Stop();
  ExecuteCommands();
}

// After publishing: stops reading above the high-water mark. A closing connection reads on, up to its backlog.
void Session::ObeyMarks() {
  const bool pause = writer_.TakePause();
  if (phase_ != Phase::kOpen) return;
  if (!closing_ && pause) {
    paused_ = true;
    stats_.Pause(uv_hrtime());
    stats_behind_ = true;
    UpdateReading();
  } else if (closing_ && !protocol_.input_done() && BacklogIsFull()) {
    Blame(core::CloseCause::kBacklog);
    End();
  }
}

bool Session::BacklogIsFull() {
  std::uint64_t bound = config_.closing_backlog;
  const std::uint64_t biggest = config_.limits.max_message_size;
  // As UTF-16 a text may be held in twice its bytes.
  if (biggest <= kBiggestLimit) bound = std::max(bound, 2 * biggest + sizeof(MessageEntry));
  const std::uint64_t held = writer_.held();
  return held > held_before_closing_ && held - held_before_closing_ > bound;
}

void Session::ReceivePong(std::span<const std::uint8_t> payload) {
  const std::uint64_t now = uv_hrtime();
  for (const PendingPing& ping : keepalive_.OnPong(payload)) {
    constexpr double kNanosecondsPerMillisecond = 1e6;
    const double latency = static_cast<double>(now - ping.sent_at) / kNanosecondsPerMillisecond;
    delivery_.SetLatency(latency);
    if (ping.id != kKeepaliveId || reporter_.active()) Tell(PongReceived{.id = ping.id, .latency = latency});
  }
}

// After anything that may have moved the protocol: what it wants to say is written, and its end is seen.
void Session::AfterInput() {
  if (protocol_.close_sent() || protocol_.input_done()) EnterClosing();
  if (phase_ == Phase::kOpen) WriteOutput();
}

void Session::EnterClosing() {
  const bool failed = protocol_.input_done() && !protocol_.close_received();
  if (!std::exchange(closing_, true)) {
    keepalive_.Stop();
    held_before_closing_ = writer_.held();
    stats_.Resume(uv_hrtime());
    if (config_.close_timeout != 0) deadline_.Start(config_.close_timeout);
    UpdateReading();
  }
  if (phase_ != Phase::kOpen) return;  // reading could not go on
  if (failed && !std::exchange(lingering_, true)) {
    deadline_.StartBy(kLinger);
    WriteOutput();
    if (phase_ == Phase::kOpen) transport_->ShutDown();
  }
  if (protocol_.input_done()) TellClosing();
}

// Reads when somebody wants the bytes: a handshake request, or an open connection that is not paused. A closing one
// always reads, for the peer's Close and its end of stream.
void Session::UpdateReading() {
  if (phase_ == Phase::kOpen && WantsMessages()) ReceiveRest();
  if (phase_ != Phase::kHandshake && phase_ != Phase::kOpen) return;
  const bool read = phase_ == Phase::kHandshake ? handshake_.wants_bytes() : WantsMessages() && !input_.has_rest();
  if (read) {
    transport_->StartReading();
  } else {
    transport_->StopReading();
  }
}

// --- sending --------------------------------------------------------------------------------------------------------

void Session::WriteOutput() {
  transport_->Write(protocol_.output());
  output_behind_ = OutputIsBehind();
  PublishAtTurnEnd();
}

void Session::OnWritten(std::size_t payload) noexcept {
  unwritten_payload_ -= payload;
  commands_.AddWritten(payload);
  // What goes out at once says nothing about the peer: the kernel takes some for a dead one as well.
  if (output_behind_) {
    keepalive_.OnProgress();
    output_behind_ = OutputIsBehind();
  }
  Guard([this] {
    PublishAtTurnEnd();
    protocol_.OutputDrained();
    MaybeTellDrained();
  });
}

void Session::MaybeTellDrained() {
  if (!drained_wanted_ || unwritten_payload_ > config_.write_low) return;
  drained_wanted_ = false;
  Tell(Drained{});
}

void Session::SendKeepalivePing(std::span<const std::uint8_t> payload) noexcept {
  Guard([this, payload] {
    reporter_.KeepaliveNext();
    if (!protocol_.SendPing(payload)) return;
    keepalive_.AddPing(kKeepaliveId, payload);
    WriteOutput();
  });
}

bool Session::PongMayBeUnread() noexcept { return input_.has_rest() || (paused_ && transport_->HasUnreadBytes()); }

void Session::Tell(Notice notice) {
  PublishStats();
  delivery_.Post(std::move(notice));
  bell_.Ring(kReadyNotices);
}

void Session::TellClosing() {
  if (!std::exchange(told_closing_, true)) Tell(Closing{});
}

// --- ending ---------------------------------------------------------------------------------------------------------

void Session::OnDeadline() {
  BlameWriting();
  Blame(phase_ == Phase::kOpen ? core::CloseCause::kCloseTimeout : core::CloseCause::kOpenTimeout);
  End();
}

void Session::OnKeepaliveTimeout() noexcept {
  Guard([this] {
    Blame(core::CloseCause::kKeepaliveTimeout);
    protocol_.Fail(core::kInternalErrorCode, "keepalive ping timeout");
    AfterInput();
  });
}

void Session::OnEndOfStream() noexcept {
  config_.delays.Wait(TestPoint::kBeforeEndOfStream);
  Guard([this] { ReachEnd(core::CloseCause::kEndOfStream); });
}

void Session::OnTruncated() noexcept {
  Guard([this] { ReachEnd(core::CloseCause::kTruncated); });
}

void Session::ReachEnd(core::CloseCause cause) {
  if (phase_ == Phase::kHandshake && cause_ == core::CloseCause::kNone) {
    handshake_.OnEndOfStream();
    if (auto answer = handshake_.TakeAnswer()) return Tell(std::move(*answer));
  }
  BlameWriting();
  Blame(cause);
  End();
}

// Our alert is to reach the peer: with bytes unread behind it, closing would be a reset that overtakes it.
void Session::OnTlsError(const std::string& words) noexcept {
  Guard([this, &words] {
    Blame(core::CloseCause::kTls, 0, words.c_str());
    const bool sent = !transport_->HoldsOutput() && !transport_->HasUnreadBytes();
    if (sent || write_error_ != 0) return End();
    if (phase_ == Phase::kOpen) EnterClosing();
    if (phase_ >= Phase::kEnding) return;
    deadline_.StartBy(kLinger);
    if (phase_ == Phase::kOpen) TellClosing();
    transport_->StartReading();
    transport_->ShutDown();
  });
}

void Session::OnReadError(int error) noexcept {
  BlameWriting();
  Blame(core::CloseCause::kTransport, error, "read");
  End();
}

void Session::OnWriteError(int error) noexcept {
  if (phase_ == Phase::kHandshake && tls_) {
    // An alert that says why may be there to be read.
    write_error_ = error;
    deadline_.StartBy(kLinger);
    return transport_->StartReading();
  }
  Blame(core::CloseCause::kTransport, error, "write");
  if (phase_ != Phase::kOpen) return End();
  // What the peer sent before it went is still to be read; its end of stream or reset is next, and soon.
  Guard([this] {
    EnterClosing();
    if (phase_ != Phase::kOpen) return;
    deadline_.StartBy(kLinger);
    TellClosing();
  });
}

void Session::BlameWriting() {
  if (write_error_ != 0) Blame(core::CloseCause::kTransport, write_error_, "write");
}

// The first cause stays.
void Session::Blame(core::CloseCause cause, int transport_error, const char* detail) {
  if (cause_ != core::CloseCause::kNone) return;
  cause_ = cause;
  transport_error_ = transport_error;
  detail_ = detail;
}

void Session::FailInternally(const char* what) noexcept {
  try {
    Blame(core::CloseCause::kInternal, 0, what);
    if (phase_ == Phase::kOpen) {
      protocol_.Fail(core::kInternalErrorCode, "internal error");
      return AfterInput();
    }
  } catch (const std::exception&) {
    // Not even a Close frame can be made: the socket's end has to say it.
  }
  End();
}

void Session::End() noexcept {
  if (phase_ >= Phase::kEnding) return;
  phase_ = Phase::kEnding;
  deadline_.Stop();
  keepalive_.Stop();
  input_.Stop();
  dialer_.Cancel();
  wakefulness_.Stop();
  stats_.Resume(uv_hrtime());
  stats_.cpu_time = OwnCpuTime();
  PublishStats();
  Guard([this] { writer_.Publish(); });
  if (transport_) {
    transport_->Close();
  } else {
    OnClosed();
  }
}

void Session::OnClosed() noexcept {
  phase_ = Phase::kEnded;
  ended_();
}

core::CloseOutcome Session::TakeOutcome() && {
  core::CloseOutcome outcome = std::move(protocol_).TakeOutcome();
  // With both Close frames the end of the stream, however it comes, is the normal end.
  const bool stream_end = cause_ == core::CloseCause::kEndOfStream || cause_ == core::CloseCause::kTruncated ||
                          cause_ == core::CloseCause::kTransport || cause_ == core::CloseCause::kTls;
  const bool closed = stream_end && outcome.received && outcome.sent;
  if (outcome.cause == core::CloseCause::kNone && !closed) {
    outcome.cause = cause_;
    outcome.transport_error = transport_error_;
    outcome.detail = std::move(detail_);
  }
  return outcome;
}

}  // namespace hawser::reader
