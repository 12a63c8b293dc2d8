// Puts messages together from the payload pieces of their frames: inflates what is compressed, validates text as it
// arrives and judges sizes before it allocates. A fragment goes to the sink as soon as it is whole, so what is kept is
// one frame's content at most; one that lies in a single piece is never kept. Throws std::bad_alloc (its own or the
// sink's), and is of no use after that nor after an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/event.h"
#include "core/frame_header.h"
#include "core/limits.h"
#include "core/payload.h"
#include "core/permessage_deflate.h"
#include "core/utf8.h"

namespace hawser::core {

class MessageAssembler {
 public:
  explicit MessageAssembler(const Limits& limits) : limits_(limits) {}

  // Before the first compressed message.
  void EnableCompression(const DeflateConfig& config) { deflate_ = config; }

  // A data frame begins: checks its place in the sequence (§5.4) and its declared length against the limits,
  // before any byte of it is kept.
  ProtocolError Begin(const FrameHeader& header);
  // The next bytes of the frame begun, at most `remaining()`; called at least once for each frame, with an empty
  // piece for an empty frame. When they end the frame, its content goes to the sink.
  // `before`: how many bytes that CopyUnfinished gave stand right before the piece.
  ProtocolError Receive(std::span<const std::uint8_t> piece, EventSink& sink, std::size_t before = 0);

  // Copies what has come of the current frame to the front of `room`, if it is little and there is room for all of it.
  // What follows, read right behind the copy, then makes a whole that need not be put together. Returns how many bytes,
  // 0 where it can't be done.
  std::size_t CopyUnfinished(std::span<std::uint8_t> room) const;

  // Where the next bytes of a frame should be read to directly, so that they are not copied; empty where fewer than
  // `least` are to come, they are compressed, or there is no memory. Valid until the next call to this object. After
  // reading n bytes there call Received(n).
  std::span<std::uint8_t> Target(std::uint64_t least);
  ProtocolError Received(std::size_t size, EventSink& sink);

  std::uint64_t remaining() const { return remaining_; }  // payload bytes of the current frame still to come
  bool compressed() const { return compressed_; }         // whether the message in progress is

  // --- counts ---
  std::uint64_t messages() const { return messages_; }            // whole ones
  std::uint64_t message_bytes() const { return message_bytes_; }  // inflated, of fragments that went to the sink

 private:
  ProtocolError Accept(std::span<const std::uint8_t> piece, EventSink& sink);
  ProtocolError ReceiveCompressed(std::span<const std::uint8_t> piece, EventSink& sink);
  ProtocolError Inflate(std::span<const std::uint8_t> input);
  ProtocolError JudgeInflated(std::uint64_t more) const;
  ProtocolError EndKept(EventSink& sink);
  void MakeRoom(std::size_t wanted, std::uint64_t bound);
  ProtocolError DeliverUnvalidated(std::span<const std::uint8_t> message, EventSink& sink);
  ProtocolError Deliver(std::span<const std::uint8_t> content, EventSink& sink);
  void DeliverKept(EventSink& sink);
  void EndFrame(std::size_t delivered);
  void Keep(std::span<const std::uint8_t> unfinished);
  std::size_t Unfinished(std::span<const std::uint8_t> content) const;
  MessageForm Form(MessageKind kind) const { return {.kind = kind, .more = !fin_}; }
  MessageKind Kind() const;

  bool InMessage() const { return opcode_ != Opcode::kContinuation; }
  bool IsText() const { return opcode_ == Opcode::kText; }

  const Limits limits_;
  std::optional<DeflateConfig> deflate_;
  std::optional<Inflater> inflater_;

  Opcode opcode_ = Opcode::kContinuation;  // of the message in progress; kContinuation between messages
  bool compressed_ = false;                // the message is
  bool inflating_ = false;                 // and bytes of it have come
  bool fin_ = false;                       // the current frame is the message's last
  std::uint32_t fragments_ = 0;            // frames of the message begun so far
  std::uint64_t size_ = 0;                 // the message's bytes so far: declared ones or, compressed, inflated ones
  std::uint64_t fragment_size_ = 0;        // inflated, of the current frame
  std::uint64_t remaining_ = 0;
  Payload kept_;        // what came of the current frame, behind what the last one had of a code point that was cut
  Utf8Validator utf8_;  // has seen what is kept

  std::uint64_t messages_ = 0;
  std::uint64_t message_bytes_ = 0;
};

}  // namespace hawser::core
