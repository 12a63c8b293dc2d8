#include "core/message_assembler.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>

namespace hawser::core {
namespace {

// What is kept of a frame grows with what came of it, not with what was announced.
constexpr std::size_t kMinKept = 4 * 1024;

// An allocation of so much is kept from one compressed message to the next.
constexpr std::size_t kMaxIdleKept = 16 * 1024;

// More than this is not copied only to be read on behind it.
constexpr std::size_t kMaxCopied = 16 * 1024;

// The room that a direct read should find.
constexpr std::size_t kDirectRoom = 64 * 1024;

// How many times its size a compressed piece is expected to have inflated.
constexpr std::size_t kUsualRatio = 4;

// False if the text is not UTF-8. Whether it is large goes by its size on the wire, whatever UTF-16 makes of it.
bool DeliverAsUtf16(std::span<const std::uint8_t> text, bool more, EventSink& sink) {
  const MessageForm form{.kind = MessageKind::kUtf16, .more = more};
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
    sink.CommitLarge(form, std::move(large));
  } else {
    sink.Commit(form, 2 * *units);
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
  const bool compressed = continues ? compressed_ : header.compressed;
  if (header.length > limits_.max_fragment_size) {
    return {ErrorKind::kFragmentTooBig, limits_.max_fragment_size, header.length};
  }
  // What a compressed frame declares says nothing of the message's size.
  if (!compressed && header.length > limits_.max_message_size - size_) {
    // Cannot overflow: a length is below 2^63 (§5.2) and what was accepted before is in memory, or was.
    return {ErrorKind::kMessageTooBig, limits_.max_message_size, size_ + header.length};
  }
  if (!continues) opcode_ = header.opcode;
  compressed_ = compressed;
  fin_ = header.fin;
  ++fragments_;
  if (!compressed) size_ += header.length;
  fragment_size_ = 0;
  remaining_ = header.length;
  return {};
}

ProtocolError MessageAssembler::Receive(std::span<const std::uint8_t> piece, EventSink& sink, std::size_t before) {
  assert(InMessage() && piece.size() <= remaining_);
  if (compressed_) return ReceiveCompressed(piece, sink);
  if (piece.size() == remaining_ && kept_.size() == before) {
    remaining_ = 0;
    const std::span content(piece.data() - before, before + piece.size());
    // For a message of one frame a single pass does.
    if (fin_ && fragments_ == 1) return DeliverUnvalidated(content, sink);
    if (IsText() && !utf8_.Validate(piece)) return {.kind = ErrorKind::kInvalidUtf8};
    return Deliver(content, sink);
  }
  if (!piece.empty()) {
    MakeRoom(piece.size(), kept_.size() + remaining_);
    std::memcpy(kept_.bytes() + kept_.size(), piece.data(), piece.size());
  }
  return Accept(piece, sink);
}

std::size_t MessageAssembler::CopyUnfinished(std::span<std::uint8_t> room) const {
  const std::size_t size = kept_.size();
  if (compressed_ || size == 0 || size > kMaxCopied || remaining_ + size > room.size()) return 0;
  std::memcpy(room.data(), kept_.bytes(), size);
  return size;
}

std::span<std::uint8_t> MessageAssembler::Target(std::uint64_t least) {
  if (compressed_ || remaining_ < least) return {};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, kDirectRoom));
  try {
    MakeRoom(wanted, kept_.size() + remaining_);
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
  return remaining_ > 0 ? ProtocolError{} : EndKept(sink);
}

ProtocolError MessageAssembler::ReceiveCompressed(std::span<const std::uint8_t> piece, EventSink& sink) {
  if (!inflater_) inflater_.emplace(*deflate_);
  // A message that comes whole is judged whole, in the one pass that transcodes it.
  const bool at_once = fin_ && fragments_ == 1 && piece.size() == remaining_ && fragment_size_ == 0;
  const std::size_t seen = kept_.size();
  remaining_ -= piece.size();
  if (!piece.empty()) inflating_ = true;
  ProtocolError error = inflating_ ? Inflate(piece) : ProtocolError{};
  // Some senders mark an empty message as compressed and send no byte of it: there is nothing to inflate then.
  if (!error && remaining_ == 0 && fin_ && std::exchange(inflating_, false) && !inflater_->EndMessage()) {
    error = {.kind = ErrorKind::kInvalidDeflate};
  }
  if (!error && at_once && kept_.size() <= kLargeMessage) return DeliverUnvalidated(kept_.span(), sink);
  // Also before an error: text that is invalid there was so first, and is found if the piece ends behind it.
  if (IsText() && !utf8_.Validate(kept_.span().subspan(seen))) return {.kind = ErrorKind::kInvalidUtf8};
  if (error || remaining_ > 0) return error;
  return EndKept(sink);
}

// Inflates to the end of what is kept, within the limits: a byte more than they allow is never asked room for.
ProtocolError MessageAssembler::Inflate(std::span<const std::uint8_t> input) {
  for (;;) {
    const std::uint64_t allowed =
        std::min(limits_.max_message_size - size_, limits_.max_fragment_size - fragment_size_);
    std::array<std::uint8_t, 1> beyond{};
    std::span<std::uint8_t> room(beyond);
    if (allowed > 0) {
      if (kept_.size() == kept_.capacity()) {
        const std::size_t wanted = std::max(kUsualRatio * input.size(), kMinKept);
        MakeRoom(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, allowed)), kept_.size() + allowed);
      }
      const std::uint64_t free = std::min<std::uint64_t>(kept_.capacity() - kept_.size(), allowed);
      room = {kept_.bytes() + kept_.size(), static_cast<std::size_t>(free)};
    }
    const std::size_t made = inflater_->Inflate(input, room);
    if (made > allowed) return JudgeInflated(made);
    kept_.set_size(kept_.size() + made);
    size_ += made;
    fragment_size_ += made;
    if (!inflater_->valid()) return {.kind = ErrorKind::kInvalidDeflate};
    if (made < room.size()) return {};
  }
}

ProtocolError MessageAssembler::JudgeInflated(std::uint64_t more) const {
  if (fragment_size_ + more > limits_.max_fragment_size) {
    return {ErrorKind::kFragmentTooBig, limits_.max_fragment_size, fragment_size_ + more};
  }
  return {ErrorKind::kMessageTooBig, limits_.max_message_size, size_ + more};
}

// At least doubles what is kept, so that many small pieces cost no more than a big one; but never beyond `bound`.
void MessageAssembler::MakeRoom(std::size_t wanted, std::uint64_t bound) {
  const std::size_t needed = kept_.size() + wanted;
  if (needed <= kept_.capacity()) return;
  const std::uint64_t grown = std::max<std::uint64_t>({needed, 2 * std::uint64_t{kept_.size()}, kMinKept});
  const std::uint64_t capacity = std::max<std::uint64_t>(needed, std::min(grown, bound));
  if (capacity > std::numeric_limits<std::size_t>::max()) throw std::bad_alloc();
  kept_.Grow(static_cast<std::size_t>(capacity));
}

ProtocolError MessageAssembler::DeliverUnvalidated(std::span<const std::uint8_t> message, EventSink& sink) {
  if (IsText() && !IsAscii(message)) {
    if (!DeliverAsUtf16(message, false, sink)) return {.kind = ErrorKind::kInvalidUtf8};
  } else {
    const MessageForm form = Form(IsText() ? MessageKind::kAscii : MessageKind::kBinary);
    // What was inflated does not lie where the sink's bytes are.
    if (compressed_ || !sink.CommitInPlace(form, message)) DeliverCopy(form, message, sink);
  }
  EndFrame(message.size());
  return {};
}

// A whole frame's content, validated.
ProtocolError MessageAssembler::Deliver(std::span<const std::uint8_t> content, EventSink& sink) {
  const std::size_t unfinished = Unfinished(content);
  if (fin_ && unfinished > 0) return {.kind = ErrorKind::kInvalidUtf8};
  const auto whole = content.first(content.size() - unfinished);
  const MessageForm form = Form(Kind());
  if (form.kind == MessageKind::kUtf16) {
    (void)DeliverAsUtf16(whole, form.more, sink);
  } else if (!sink.CommitInPlace(form, whole)) {
    DeliverCopy(form, whole, sink);
  }
  EndFrame(whole.size());
  Keep(content.last(unfinished));
  return {};
}

ProtocolError MessageAssembler::EndKept(EventSink& sink) {
  const std::size_t unfinished = Unfinished(kept_.span());
  if (fin_ && unfinished > 0) return {.kind = ErrorKind::kInvalidUtf8};
  std::array<std::uint8_t, 3> cut{};
  const std::size_t size = kept_.size() - unfinished;
  std::ranges::copy(kept_.span().subspan(size), cut.begin());
  kept_.set_size(size);
  DeliverKept(sink);
  EndFrame(size);
  Keep(std::span(cut).first(unfinished));
  return {};
}

// The begin of a code point that the next frame goes on with.
void MessageAssembler::Keep(std::span<const std::uint8_t> unfinished) {
  if (unfinished.empty()) return;
  MakeRoom(unfinished.size(), unfinished.size());
  std::ranges::copy(unfinished, kept_.bytes());
  kept_.set_size(unfinished.size());
}

void MessageAssembler::DeliverKept(EventSink& sink) {
  const MessageForm form = Form(Kind());
  if (form.kind == MessageKind::kUtf16) {
    (void)DeliverAsUtf16(kept_.span(), form.more, sink);
  } else if (kept_.size() > kLargeMessage || (kept_.size() >= kWorthMoving && !compressed_)) {
    kept_.Trim();
    sink.CommitLarge(form, std::move(kept_));
  } else {
    DeliverCopy(form, kept_.span(), sink);
  }
}

// Of what was validated.
MessageKind MessageAssembler::Kind() const {
  if (!IsText()) return MessageKind::kBinary;
  return utf8_.ascii() ? MessageKind::kAscii : MessageKind::kUtf16;
}

// How many bytes at the end of a frame's content are of a code point that goes on in the next.
std::size_t MessageAssembler::Unfinished(std::span<const std::uint8_t> content) const {
  return IsText() ? utf8_.Unfinished(content) : 0;
}

void MessageAssembler::EndFrame(std::size_t delivered) {
  message_bytes_ += delivered;
  if (compressed_ && kept_.capacity() <= kMaxIdleKept) {
    kept_.set_size(0);
  } else if (kept_.capacity() > 0) {
    kept_ = Payload();
  }
  if (!fin_) return;
  ++messages_;
  opcode_ = Opcode::kContinuation;
  compressed_ = false;
  fragments_ = 0;
  size_ = 0;
  utf8_.Reset();
}

}  // namespace hawser::core
