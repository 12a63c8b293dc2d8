#include "core/message_assembler.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>

namespace hawser::core {
namespace {

// What is kept of a message grows with what came of it, not with what was announced.
constexpr std::size_t kMinKept = 4 * 1024;

// More than this is not copied only to be read on behind it.
constexpr std::size_t kMaxCopied = 16 * 1024;

// The room that a direct read should find.
constexpr std::size_t kDirectRoom = 64 * 1024;

// False if the text is not UTF-8. Whether it is large goes by its size on the wire, whatever UTF-16 makes of it.
bool DeliverAsUtf16(std::span<const std::uint8_t> text, EventSink& sink) {
  const std::size_t room = 2 * text.size();
  Payload large;
  std::uint8_t* to = nullptr;
  if (text.size() > kLargeMessage) {
    large.Grow(room);
    to = large.bytes();
  } else {
    to = sink.Reserve(room);
  }
  // Both are aligned for char16_t: malloc's memory is, and Reserve promises it.
  const auto units = Utf8ToUtf16(text, reinterpret_cast<char16_t*>(to));
  if (!units) return false;
  if (text.size() > kLargeMessage) {
    large.set_size(2 * *units);
    large.Trim();
    sink.CommitLarge(MessageKind::kUtf16, std::move(large));
  } else {
    sink.Commit(MessageKind::kUtf16, 2 * *units);
  }
  return true;
}

}  // namespace

ProtocolError MessageAssembler::Begin(const FrameHeader& header) {
  const bool continues = header.opcode == Opcode::kContinuation;
  if (continues && !InMessage()) return {.kind = ErrorKind::kUnexpectedContinuation};
  if (!continues && InMessage()) return {.kind = ErrorKind::kExpectedContinuation};
  if (fragments_ >= limits_.max_fragments) {
    return {ErrorKind::kTooManyFragments, limits_.max_fragments, std::uint64_t{fragments_} + 1};
  }
  if (header.length > limits_.max_message_size - declared_) {
    // Cannot overflow: a length is below 2^63 (§5.2) and what was accepted before is in memory.
    return {ErrorKind::kMessageTooBig, limits_.max_message_size, declared_ + header.length};
  }
  if (!continues) opcode_ = header.opcode;
  fin_ = header.fin;
  ++fragments_;
  declared_ += header.length;
  remaining_ = header.length;
  return {};
}

ProtocolError MessageAssembler::Receive(std::span<const std::uint8_t> piece, EventSink& sink, std::size_t before) {
  assert(InMessage() && piece.size() <= remaining_);
  if (fin_ && piece.size() == remaining_ && kept_.size() == before) {
    const ProtocolError error = DeliverPiece({piece.data() - before, before + piece.size()}, sink);
    Reset();
    return error;
  }
  if (!piece.empty()) {
    MakeRoom(piece.size());
    std::memcpy(kept_.bytes() + kept_.size(), piece.data(), piece.size());
  }
  return Accept(piece, sink);
}

std::size_t MessageAssembler::CopyUnfinished(std::span<std::uint8_t> room) const {
  const std::size_t size = kept_.size();
  if (!fin_ || size == 0 || size > kMaxCopied || remaining_ + size > room.size()) return 0;
  std::memcpy(room.data(), kept_.bytes(), size);
  return size;
}

std::span<std::uint8_t> MessageAssembler::Target(std::uint64_t least) {
  if (remaining_ < least) return {};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, kDirectRoom));
  try {
    MakeRoom(wanted);
  } catch (const std::bad_alloc&) {
    return {};  // Receive will ask for less, and say so if that is too much as well
  }
  const std::uint64_t room = std::min<std::uint64_t>(kept_.capacity() - kept_.size(), remaining_);
  return {kept_.bytes() + kept_.size(), static_cast<std::size_t>(room)};
}

ProtocolError MessageAssembler::Received(std::size_t size, EventSink& sink) {
  assert(size <= remaining_ && size <= kept_.capacity() - kept_.size());
  return Accept({kept_.bytes() + kept_.size(), size}, sink);
}

// `piece` stands behind what is kept and becomes part of it.
ProtocolError MessageAssembler::Accept(std::span<const std::uint8_t> piece, EventSink& sink) {
  if (IsText() && !utf8_.Validate(piece)) return {.kind = ErrorKind::kInvalidUtf8};
  kept_.set_size(kept_.size() + piece.size());
  remaining_ -= piece.size();
  if (!fin_ || remaining_ > 0) return {};
  if (IsText() && !utf8_.Complete()) return {.kind = ErrorKind::kInvalidUtf8};
  DeliverKept(sink);
  Reset();
  return {};
}

// At least doubles what is kept, so that many small pieces cost no more than a big one; but never beyond the length
// of the message, once that is known.
void MessageAssembler::MakeRoom(std::size_t wanted) {
  const std::size_t needed = kept_.size() + wanted;
  if (needed <= kept_.capacity()) return;
  const std::uint64_t bound = fin_ ? declared_ : limits_.max_message_size;
  const std::uint64_t grown = std::max<std::uint64_t>({needed, 2 * std::uint64_t{kept_.size()}, kMinKept});
  const std::uint64_t capacity = std::max<std::uint64_t>(needed, std::min(grown, bound));
  if (capacity > std::numeric_limits<std::size_t>::max()) throw std::bad_alloc();
  kept_.Grow(static_cast<std::size_t>(capacity));
}

ProtocolError MessageAssembler::DeliverPiece(std::span<const std::uint8_t> message, EventSink& sink) const {
  if (IsText() && !IsAscii(message)) {
    if (!DeliverAsUtf16(message, sink)) return {.kind = ErrorKind::kInvalidUtf8};
    return {};
  }
  const MessageKind kind = IsText() ? MessageKind::kAscii : MessageKind::kBinary;
  if (!sink.CommitInPlace(kind, message)) DeliverCopy(kind, message, sink);
  return {};
}

void MessageAssembler::DeliverKept(EventSink& sink) {
  if (IsText() && !utf8_.ascii()) {
    (void)DeliverAsUtf16(kept_.span(), sink);  // validated already
    return;
  }
  const MessageKind kind = IsText() ? MessageKind::kAscii : MessageKind::kBinary;
  if (kept_.size() >= kWorthMoving) {
    kept_.Trim();
    sink.CommitLarge(kind, std::move(kept_));
  } else {
    DeliverCopy(kind, kept_.span(), sink);
  }
}

void MessageAssembler::Reset() {
  opcode_ = Opcode::kContinuation;
  fragments_ = 0;
  declared_ = 0;
  remaining_ = 0;
  if (kept_.capacity() > 0) kept_ = Payload();
  utf8_.Reset();
}

}  // namespace hawser::core
