// A client's side of RFC 6455 after the opening handshake, without I/O: bytes in, events and bytes out. No clock,
// socket, thread or log. It answers pings, runs the closing handshake in both directions and fails the connection
// with the right code; the host owns time and the transport. Externally serialised: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/close_outcome.h"
#include "core/control_payload.h"
#include "core/error.h"
#include "core/event.h"
#include "core/frame_observer.h"
#include "core/frame_parser.h"
#include "core/frame_writer.h"
#include "core/limits.h"
#include "core/message_assembler.h"
#include "core/output_queue.h"
#include "core/permessage_deflate.h"
#include "core/traffic.h"

namespace hawser::core {

// A message to send, or a fragment of one that others follow; the fragments in between name the same opcode.
struct Outgoing {
  Opcode opcode = Opcode::kBinary;
  bool more = false;
  bool compress = false;  // where it was agreed upon; the message's first fragment decides
};

class Protocol {
 public:
  Protocol(const Limits& limits, MaskingKeySource& keys);
  // The writer points at the output.
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  // permessage-deflate was agreed upon. Before anything is received or sent.
  void EnableCompression(const DeflateConfig& config);
  // Whether what is received may be compressed.
  bool inflates() const { return deflate_.has_value(); }
  // Shows it every frame from now on; it must outlive the protocol.
  void SetObserver(FrameObserver* observer) { observer_ = observer; }

  // --- from the network ---
  // Bytes that arrived, cut anywhere. Ignored once a Close was received or the connection has failed. Running out
  // of memory, here or in the sink, fails the connection with 1011. `before`: how many bytes that CopyUnfinished gave
  // stand right before these. Stops behind a frame where more than `most` bytes of messages have come, and returns the
  // bytes that are left, to be received next: little becomes much where it is compressed.
  std::span<const std::uint8_t> Receive(std::span<const std::uint8_t> bytes, EventSink& sink, std::size_t before = 0,
                                        std::uint64_t most = Limits::kNoLimit);
  // Copies what has come of a message to the front of `room`, where what comes next may be read right behind it, so
  // that the whole message lies there. Returns how many bytes; 0 where there is nothing that it is of use for.
  std::size_t CopyUnfinished(std::span<std::uint8_t> room) const;
  // Where to read the next bytes of a message directly; empty where fewer than `least` of its frame are to come, and
  // Receive is the way. Valid until the next call of one of these.
  std::span<std::uint8_t> ReceiveTarget(std::uint64_t least);
  void Received(std::size_t size, EventSink& sink);

  // --- from the application ---
  // False, and nothing is sent, once a Close was sent (§5.5.1) or the connection has failed. They throw
  // std::bad_alloc, and then nothing was sent.
  bool SendMessage(const Outgoing& message, std::span<const std::uint8_t> payload);
  bool SendLargeMessage(const Outgoing& message, Payload payload);
  // At most kMaxControlPayload bytes.
  bool SendPing(std::span<const std::uint8_t> payload);
  bool SendPong(std::span<const std::uint8_t> payload);
  // Code 1005 sends an empty Close. Does nothing after the first Close. A reason too long for a Close is cut.
  void SendClose(std::uint16_t code, std::string_view reason);
  // Fails the connection for a reason of the host's (keepalive, internal error): sends Close unless one was sent,
  // and ignores all that comes after (§7.1.7). Never throws: without memory for a Close none is sent.
  void Fail(std::uint16_t code, std::string_view reason) noexcept;

  // --- to the network ---
  OutputQueue& output() { return output_; }
  // Call when output drained: a ping kept back while too many answers waited is answered now.
  void OutputDrained();

  // --- state ---
  bool close_sent() const { return sent_.has_value(); }
  bool close_received() const { return received_.has_value(); }
  // Whether the input is over: a Close was received or the connection has failed. All that is left to do is to
  // write the output and wait for the peer to close the TCP connection.
  bool input_done() const { return failed_ || close_received(); }
  const ProtocolError& error() const { return error_; }

  Traffic received() const;
  const Traffic& sent() const { return sent_traffic_; }

  // Hands over how it ended: frames, which came first, and what failed it: a broken rule or limit as kProtocol,
  // the lack of memory as kInternal.
  CloseOutcome TakeOutcome() &&;

 private:
  bool InDataFrame() const { return in_frame_ && !IsControl(header_.opcode); }
  bool MaySend() const { return !close_sent() && !failed_; }

  void ReceiveFrames(std::span<const std::uint8_t>& bytes, EventSink& sink, std::size_t before, std::uint64_t most);
  ProtocolError ReceiveFrame(std::span<const std::uint8_t>& bytes, EventSink& sink, std::size_t before);
  ProtocolError ReceiveData(std::span<const std::uint8_t>& bytes, EventSink& sink, std::size_t before);
  ProtocolError ReceiveControl(std::span<const std::uint8_t>& bytes, EventSink& sink);
  ProtocolError HandleControl(std::span<const std::uint8_t> payload, EventSink& sink);
  ErrorKind HandleClose(std::span<const std::uint8_t> payload);
  void AnswerPing(std::span<const std::uint8_t> payload);
  void WritePong(std::span<const std::uint8_t> payload);
  FrameHead HeadOf(const Outgoing& message) const;
  bool Compresses(const Outgoing& message, std::size_t size) const;
  void SendCompressed(FrameHead head, std::span<const std::uint8_t> payload);
  void WriteCompressed(const FrameHead& head, std::span<const std::uint8_t> payload);
  void SendControl(Opcode opcode, std::span<const std::uint8_t> payload);
  void Sent(const FrameHead& head, std::span<const std::uint8_t> payload, std::size_t wire_size);
  void ObserveData(std::span<const std::uint8_t> bytes);
  void CountSent(const FrameHead& head, std::size_t size);
  void ObserveSent(const FrameHead& head, std::span<const std::uint8_t> payload, std::size_t wire_size);
  void FailWith(const ProtocolError& error) noexcept;

  OutputQueue output_;
  FrameWriter writer_;
  FrameObserver* observer_ = nullptr;
  std::optional<DeflateConfig> deflate_;
  std::optional<Deflater> deflater_;
  Payload deflated_;
  bool in_message_ = false;          // a fragment was sent that others follow
  bool message_compressed_ = false;  // and that message is compressed
  Traffic sent_traffic_;
  Traffic received_traffic_;

  FrameParser parser_;
  MessageAssembler assembler_;

  bool in_frame_ = false;  // header_ is complete and its payload is not
  FrameHeader header_;
  ControlPayload control_;  // what came of a control frame's payload that was cut
  std::optional<ControlPayload> unanswered_ping_;

  bool failed_ = false;
  bool received_first_ = false;
  std::optional<CloseFrame> received_;
  std::optional<CloseFrame> sent_;
  ProtocolError error_;
};

}  // namespace hawser::core
