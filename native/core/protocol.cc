#include "core/protocol.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <new>
#include <utility>

#include "core/close_payload.h"

namespace hawser::core {

Protocol::Protocol(const Limits& limits, MaskingKeySource& keys) : writer_(output_, keys), assembler_(limits) {}

void Protocol::Receive(std::span<const std::uint8_t> bytes, EventSink& sink, std::size_t before) {
  try {
    ReceiveFrames(bytes, sink, before);
  } catch (const std::bad_alloc&) {
    FailWith({.kind = ErrorKind::kOutOfMemory});
  }
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

void Protocol::ReceiveFrames(std::span<const std::uint8_t> bytes, EventSink& sink, std::size_t before) {
  while (!bytes.empty() && !input_done()) {
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
    if (!IsControl(header_.opcode)) {
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
  const ProtocolError error = HandleControl(piece.size() == length ? piece : control_.span(), sink);
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
  writer_.WriteUrgent(Opcode::kPong, payload);
  unanswered_ping_.reset();
}

void Protocol::OutputDrained() {
  if (!unanswered_ping_ || output_.urgent_size() > kPongBacklog) return;
  if (MaySend()) writer_.WriteUrgent(Opcode::kPong, unanswered_ping_->span());
  unanswered_ping_.reset();
}

bool Protocol::SendMessage(Opcode opcode, std::span<const std::uint8_t> payload) {
  assert(opcode == Opcode::kText || opcode == Opcode::kBinary);
  if (!MaySend()) return false;
  writer_.Write(opcode, true, payload);
  return true;
}

bool Protocol::SendLargeMessage(Opcode opcode, Payload payload) {
  assert(opcode == Opcode::kText || opcode == Opcode::kBinary);
  if (!MaySend()) return false;
  writer_.WriteLarge(opcode, true, std::move(payload));
  return true;
}

bool Protocol::SendPing(std::span<const std::uint8_t> payload) {
  assert(payload.size() <= kMaxControlPayload);
  if (!MaySend()) return false;
  writer_.Write(Opcode::kPing, true, payload);
  return true;
}

bool Protocol::SendPong(std::span<const std::uint8_t> payload) {
  assert(payload.size() <= kMaxControlPayload);
  if (!MaySend()) return false;
  writer_.Write(Opcode::kPong, true, payload);
  return true;
}

void Protocol::SendClose(std::uint16_t code, std::string_view reason) {
  assert(code == kNoStatusReceived || MayBeOnTheWire(code));
  if (!MaySend()) return;
  CloseFrame close{.code = code, .reason = std::string(FitCloseReason(reason))};
  writer_.Write(Opcode::kClose, true, WriteClosePayload(close).span());
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
