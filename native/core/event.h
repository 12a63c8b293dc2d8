// What the protocol tells its host while it receives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "core/limits.h"
#include "core/payload.h"

namespace hawser::core {

// How a delivered message's bytes are encoded. Text is validated UTF-8 on the wire; it is delivered in the
// form a JavaScript string takes cheapest: ASCII as it came, anything else as UTF-16 in native byte order.
enum class MessageKind : std::uint8_t { kBinary = 0, kAscii = 1, kUtf16 = 2 };

// A message, or a fragment of one that others follow: the fragments up to and with the first that has no more make one
// message. A fragment of a text holds whole code points: what its frame has of a last one that is cut goes to the next.
struct MessageForm {
  MessageKind kind = MessageKind::kBinary;
  bool more = false;

  bool operator==(const MessageForm&) const = default;
};

// Implemented by the reader's batch writer, by tests and by the fuzzer. Called inside Protocol::Receive*
// only, on the thread that calls it. May throw std::bad_alloc; the connection then fails with 1011.
class EventSink {
 public:
  // Room for `size` bytes (at most 2 * kLargeMessage), aligned to 2, valid until the next call.
  virtual std::uint8_t* Reserve(std::size_t size) = 0;
  // The bytes just reserved hold one message of `size` bytes.
  virtual void Commit(MessageForm form, std::size_t size) = 0;
  // Offers one message that lies in the bytes given to Protocol::Receive, before any room is asked for. A sink that
  // owns those bytes may leave it there and say true.
  virtual bool CommitInPlace(MessageForm /*form*/, std::span<const std::uint8_t> /*message*/) { return false; }
  // One message of kWorthMoving bytes or more; always called for those above kLargeMessage, unless they stay in place.
  virtual void CommitLarge(MessageForm form, Payload message) = 0;

  virtual void ReceivePing(std::span<const std::uint8_t> payload) = 0;
  virtual void ReceivePong(std::span<const std::uint8_t> payload) = 0;

 protected:
  ~EventSink() = default;
};

// Gives a copy of one message to a sink, or to what takes messages in the same way.
template <typename Sink>
void DeliverCopy(MessageForm form, std::span<const std::uint8_t> message, Sink& sink) {
  if (message.size() > kLargeMessage) {
    Payload large(message.size());
    std::memcpy(large.bytes(), message.data(), message.size());
    large.set_size(message.size());
    sink.CommitLarge(form, std::move(large));
    return;
  }
  std::uint8_t* room = sink.Reserve(message.size());
  if (!message.empty()) std::memcpy(room, message.data(), message.size());
  sink.Commit(form, message.size());
}

}  // namespace hawser::core
