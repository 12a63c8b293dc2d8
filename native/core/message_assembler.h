// Puts a message together from the payload pieces of its fragments, validating text as it arrives and judging
// sizes before it allocates. Delivers whole messages to the sink; one that lies in a single piece is never kept.
// Throws std::bad_alloc (its own or the sink's), and is of no use after that nor after an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/event.h"
#include "core/frame_header.h"
#include "core/limits.h"
#include "core/payload.h"
#include "core/utf8.h"

namespace hawser::core {

class MessageAssembler {
 public:
  explicit MessageAssembler(const Limits& limits) : limits_(limits) {}

  // A data frame begins: checks its place in the sequence (§5.4) and its declared length against the limits,
  // before any byte of it is kept.
  ProtocolError Begin(const FrameHeader& header);
  // The next bytes of the frame begun, at most `remaining()`; called at least once for each frame, with an empty
  // piece for an empty frame. When they end a final frame, the message goes to the sink.
  // `before`: how many bytes that CopyUnfinished gave stand right before the piece.
  ProtocolError Receive(std::span<const std::uint8_t> piece, EventSink& sink, std::size_t before = 0);

  // Copies what has come of the message in progress to the front of `room`, if it is little, there is room for all of
  // the message and the current frame ends it. What follows, read right behind the copy, then makes a whole that need
  // not be put together. Returns how many bytes, 0 where it can't be done.
  std::size_t CopyUnfinished(std::span<std::uint8_t> room) const;

  // Where the next bytes of a frame should be read to directly, so that they are not copied; empty where fewer than
  // `least` are to come, or there is no memory. Valid until the next call to this object. After reading n bytes there
  // call Received(n).
  std::span<std::uint8_t> Target(std::uint64_t least);
  ProtocolError Received(std::size_t size, EventSink& sink);

  std::uint64_t remaining() const { return remaining_; }  // payload bytes of the current frame still to come

 private:
  ProtocolError Accept(std::span<const std::uint8_t> piece, EventSink& sink);
  void MakeRoom(std::size_t wanted);
  ProtocolError DeliverPiece(std::span<const std::uint8_t> message, EventSink& sink) const;
  void DeliverKept(EventSink& sink);
  void Reset();

  bool InMessage() const { return opcode_ != Opcode::kContinuation; }
  bool IsText() const { return opcode_ == Opcode::kText; }

  Limits limits_;
  Opcode opcode_ = Opcode::kContinuation;  // of the message in progress; kContinuation between messages
  bool fin_ = false;                       // the current frame is the message's last
  std::uint32_t fragments_ = 0;            // frames of the message begun so far
  std::uint64_t declared_ = 0;             // and the sum of their lengths
  std::uint64_t remaining_ = 0;
  Payload kept_;
  Utf8Validator utf8_;  // has seen what is kept
};

}  // namespace hawser::core
