#include "core/protocol.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <new>
#include <utility>

#include "core/close_payload.h"

namespace hawser::core {

namespace {

// A buffer to deflate to that is no bigger than this is kept for the next message.
constexpr std::size_t kMaxIdleOutput = std::size_t{16} * 1024;

}  // namespace

Protocol::Protocol(const Limits& limits, MaskingKeySource& keys) : writer_(output_, keys), assembler_(limits) {}

void Protocol::EnableCompression(const DeflateConfig& config) {
  deflate_ = config;
  parser_.AllowCompression();
  assembler_.EnableCompression(config);
}

std::span<const std::uint8_t> Protocol::Receive(std::span<const std::uint8_t> bytes, EventSink& sink,
                                                std::size_t before, std::uint64_t most) {
  try {
    ReceiveFrames(bytes, sink, before, most);
  } catch (const std::bad_alloc&) {
    FailWith({.kind = ErrorKind::kOutOfMemory});
  }
  return input_done() ? std::span<const std::uint8_t>() : bytes;
}

std::size_t Protocol::CopyUnfinished(std::span<std::uint8_t> room) const {
  if (input_done() || !InDataFrame()) return 0;
  return assembler_.CopyUnfinished(room);
}

std::span<std::uint8_t> Protocol::ReceiveTarget(std::uint64_t least) {
  if (input_done() || !InDataFrame()) return {};
  return assembler_.Target(least);
}

void Protocol::Received(std::size_t size, EventSink& sink) {
  if (input_done()) return;
  try {
    const ProtocolError error = assembler_.Received(size, sink);
    in_frame_ = assembler_.remaining() > 0;
    if (error) FailWith(error);
  } catch (const std::bad_alloc&) {
    FailWith({.kind = ErrorKind::kOutOfMemory});
  }
}

void Protocol::ReceiveFrames(std::span<const std::uint8_t>& bytes, EventSink& sink, std::size_t before,
                             std::uint64_t most) {
  const std::uint64_t begin = assembler_.message_bytes();
  while (!bytes.empty() && !input_done() && assembler_.message_bytes() - begin <= most) {
    const ProtocolError error = ReceiveFrame(bytes, sink, std::exchange(before, 0));
    if (error) FailWith(error);
  }
}

// Takes what is here of one frame. A frame without payload is over with its header, so the payload's part runs even
// when no byte is left.
ProtocolError Protocol::ReceiveFrame(std::span<const std::uint8_t>& bytes, EventSink& sink, std::size_t before) {
  if (!in_frame_) {
    switch (parser_.Parse(bytes, header_)) {
      case FrameParser::Result::kNeedMore:
        return {};
      case FrameParser::Result::kError:
        return {.kind = parser_.error()};
      case FrameParser::Result::kHeader:
        break;
    }
    received_traffic_.CountFrame(header_.opcode);
    if (!IsControl(header_.opcode)) {
      ObserveData(bytes);
      const ProtocolError error = assembler_.Begin(header_);
      if (error) return error;
    }
    in_frame_ = true;
  }
  return IsControl(header_.opcode) ? ReceiveControl(bytes, sink) : ReceiveData(bytes, sink, before);
}

ProtocolError Protocol::ReceiveData(std::span<const std::uint8_t>& bytes, EventSink& sink, std::size_t before) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), assembler_.remaining()));
  const auto piece = bytes.first(size);
  bytes = bytes.subspan(size);
  const ProtocolError error = assembler_.Receive(piece, sink, before);
  in_frame_ = assembler_.remaining() > 0;
  return error;
}

ProtocolError Protocol::ReceiveControl(std::span<const std::uint8_t>& bytes, EventSink& sink) {
  const auto length = static_cast<std::size_t>(header_.length);  // at most kMaxControlPayload
  const auto piece = bytes.first(std::min(bytes.size(), length - control_.size()));
  bytes = bytes.subspan(piece.size());
  if (piece.size() < length) control_.Append(piece);
  if (piece.size() < length && control_.size() < length) return {};

  in_frame_ = false;
  const auto payload = piece.size() == length ? piece : control_.span();
  if (observer_ != nullptr) observer_->OnFrame(Direction::kReceived, header_, payload);
  const ProtocolError error = HandleControl(payload, sink);
  control_.Clear();
  return error;
}

ProtocolError Protocol::HandleControl(std::span<const std::uint8_t> payload, EventSink& sink) {
  switch (header_.opcode) {
    case Opcode::kPing:
      AnswerPing(payload);
      sink.ReceivePing(payload);
      return {};
    case Opcode::kPong:
      sink.ReceivePong(payload);
      return {};
    default:
      return {.kind = HandleClose(payload)};
  }
}

// §5.5.1: a Close is answered with a Close of the same code, unless ours was first.
ErrorKind Protocol::HandleClose(std::span<const std::uint8_t> payload) {
  CloseFrame close;
  const ErrorKind error = ReadClosePayload(payload, close);
  if (error != ErrorKind::kNone) return error;
  const std::uint16_t code = close.code;
  received_first_ = !close_sent();
  received_ = std::move(close);
  SendClose(code, {});
  return ErrorKind::kNone;
}

// §5.5.3: when pings come faster than their answers leave, the latest is the only one that needs an answer. Messages
// that wait are no reason to keep one back, since pongs overtake them.
void Protocol::AnswerPing(std::span<const std::uint8_t> payload) {
  if (!MaySend()) return;
  if (output_.urgent_size() > kPongBacklog) {
    unanswered_ping_.emplace(payload);
    return;
  }
  WritePong(payload);
  unanswered_ping_.reset();
}

void Protocol::OutputDrained() {
  if (!unanswered_ping_ || output_.urgent_size() > kPongBacklog) return;
  if (MaySend()) WritePong(unanswered_ping_->span());
  unanswered_ping_.reset();
}

void Protocol::WritePong(std::span<const std::uint8_t> payload) {
  writer_.WriteUrgent(Opcode::kPong, payload);
  Sent({.opcode = Opcode::kPong}, payload, payload.size());
}

bool Protocol::SendMessage(const Outgoing& message, std::span<const std::uint8_t> payload) {
  if (!MaySend()) return false;
  const FrameHead head = HeadOf(message);
  if (Compresses(message, payload.size())) {
    SendCompressed(head, payload);
  } else {
    writer_.Write(head, payload);
    Sent(head, payload, payload.size());
  }
  return true;
}

bool Protocol::SendLargeMessage(const Outgoing& message, Payload payload) {
  if (!MaySend()) return false;
  const FrameHead head = HeadOf(message);
  if (Compresses(message, payload.size())) {
    SendCompressed(head, payload.span());
  } else {
    const std::size_t size = payload.size();
    ObserveSent(head, payload.span(), size);  // it is masked in place
    writer_.WriteLarge(head, std::move(payload));
    CountSent(head, size);
  }
  return true;
}

FrameHead Protocol::HeadOf(const Outgoing& message) const {
  assert(message.opcode == Opcode::kText || message.opcode == Opcode::kBinary);
  return {.opcode = in_message_ ? Opcode::kContinuation : message.opcode, .fin = !message.more};
}

// An empty message gains nothing.
bool Protocol::Compresses(const Outgoing& message, std::size_t size) const {
  if (in_message_) return message_compressed_;
  return deflate_ && message.compress && (size > 0 || message.more);
}

void Protocol::SendCompressed(FrameHead head, std::span<const std::uint8_t> payload) {
  if (!deflater_) deflater_.emplace(*deflate_);
  head.rsv1 = head.opcode != Opcode::kContinuation;
  head.plain_size = payload.size();
  try {
    WriteCompressed(head, payload);
  } catch (const std::bad_alloc&) {
    // It would refer to what the peer has not got. A new one refers to nothing before it, which is always right.
    deflater_.reset();
    throw;
  }
}

void Protocol::WriteCompressed(const FrameHead& head, std::span<const std::uint8_t> payload) {
  deflated_.set_size(0);
  deflater_->Deflate(payload, head.fin, deflated_);
  const std::size_t wire_size = deflated_.size();
  if (wire_size > kLargeMessage) {
    writer_.WriteLarge(head, std::move(deflated_));
  } else {
    writer_.Write(head, deflated_.span());
    if (deflated_.capacity() > kMaxIdleOutput) deflated_ = Payload();
  }
  Sent(head, payload, wire_size);
}

void Protocol::SendControl(Opcode opcode, std::span<const std::uint8_t> payload) {
  assert(payload.size() <= kMaxControlPayload);
  const FrameHead head{.opcode = opcode};
  writer_.Write(head, payload);
  Sent(head, payload, payload.size());
}

void Protocol::Sent(const FrameHead& head, std::span<const std::uint8_t> payload, std::size_t wire_size) {
  CountSent(head, payload.size());
  ObserveSent(head, payload, wire_size);
}

void Protocol::CountSent(const FrameHead& head, std::size_t size) {
  sent_traffic_.CountFrame(head.opcode);
  if (IsControl(head.opcode)) return;
  in_message_ = !head.fin;
  message_compressed_ = head.plain_size.has_value();
  if (head.fin) ++sent_traffic_.messages;
  sent_traffic_.message_bytes += size;
}

void Protocol::ObserveSent(const FrameHead& head, std::span<const std::uint8_t> payload, std::size_t wire_size) {
  if (observer_ == nullptr) return;
  const bool compressed = head.plain_size.has_value();
  observer_->OnFrame(Direction::kSent,
                     {.opcode = head.opcode, .fin = head.fin, .length = wire_size, .compressed = compressed}, payload);
}

// A data frame has begun; `bytes` are what is here behind its header. Only the first of a message says in its header
// that they are all compressed.
void Protocol::ObserveData(std::span<const std::uint8_t> bytes) {
  if (observer_ == nullptr) return;
  FrameHeader header = header_;
  if (header.opcode == Opcode::kContinuation) header.compressed = assembler_.compressed();
  const auto at_hand = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), header.length));
  observer_->OnFrame(Direction::kReceived, header, bytes.first(at_hand));
}

Traffic Protocol::received() const {
  Traffic received = received_traffic_;
  received.messages = assembler_.messages();
  received.message_bytes = assembler_.message_bytes();
  return received;
}

bool Protocol::SendPing(std::span<const std::uint8_t> payload) {
  if (!MaySend()) return false;
  SendControl(Opcode::kPing, payload);
  return true;
}

bool Protocol::SendPong(std::span<const std::uint8_t> payload) {
  if (!MaySend()) return false;
  SendControl(Opcode::kPong, payload);
  return true;
}

void Protocol::SendClose(std::uint16_t code, std::string_view reason) {
  assert(code == kNoStatusReceived || MayBeOnTheWire(code));
  if (!MaySend()) return;
  CloseFrame close{.code = code, .reason = std::string(FitCloseReason(reason))};
  SendControl(Opcode::kClose, WriteClosePayload(close).span());
  sent_ = std::move(close);
}

void Protocol::Fail(std::uint16_t code, std::string_view reason) noexcept {
  try {
    SendClose(code, reason);
  } catch (const std::exception&) {
    // A Close is a courtesy (§7.1.7 "if possible"); the connection fails without it as well.
  }
  failed_ = true;
}

void Protocol::FailWith(const ProtocolError& error) noexcept {
  error_ = error;
  Fail(CloseCodeFor(error.kind), Describe(error.kind));
}

CloseOutcome Protocol::TakeOutcome() && {
  CloseOutcome outcome;
  outcome.received = std::move(received_);
  outcome.sent = std::move(sent_);
  outcome.received_first = received_first_;
  outcome.error = error_;
  if (error_) {
    const bool ours = error_.kind == ErrorKind::kOutOfMemory || error_.kind == ErrorKind::kInternal;
    outcome.cause = ours ? CloseCause::kInternal : CloseCause::kProtocol;
    outcome.detail = Describe(error_.kind);
  }
  return outcome;
}

}  // namespace hawser::core
