// Where the bytes of an open connection are read to, so that what is received need not be copied: into the loop's chunk
// while they are few, into slabs while they are many, and into a big message's own memory. Gives them to the protocol.
// Reader thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/protocol.h"
#include "reader/loop.h"
#include "reader/message_writer.h"
#include "reader/timer.h"

namespace hawser::reader {

class Input {
 public:
  // `most`: how many bytes a read should let in at most, if more than a chunk holds.
  Input(Loop& loop, core::Protocol& protocol, core::EventSink& sink, MessageWriter& writer, std::uint64_t most);

  // Where to read to next. The memory is in use until Received is called, or Stop.
  std::span<std::uint8_t> Target() noexcept;
  // So many bytes were read there, or none.
  void Received(std::size_t size);
  // Bytes that were read before, elsewhere.
  void Receive(std::span<const std::uint8_t> bytes);

  // Whether some of what was read is left, since much has come of the bytes before it. It has to be received before
  // more is read, once there is room for what comes of it.
  bool has_rest() const { return rest_begin_ < rest_.size(); }
  void ReceiveRest();
  // What the protocol is given next was read now, though not by way of here.
  void ReadElsewhere();
  // There will be no more.
  void Stop();

 private:
  enum class Kind : std::uint8_t { kChunk, kMessage, kSlab };

  bool TargetSlab();
  std::uint64_t MostAtOnce() const;
  void KeepRest(std::span<const std::uint8_t> rest) { rest_.assign(rest.begin(), rest.end()); }
  void OnQuiet();

  Loop& loop_;
  core::Protocol& protocol_;
  core::EventSink& sink_;
  MessageWriter& writer_;
  const std::size_t most_;

  std::span<std::uint8_t> target_;
  bool in_use_ = false;
  Kind kind_ = Kind::kChunk;    // what the target is memory of
  std::size_t unfinished_ = 0;  // bytes right before it, of the message that the read goes on with

  std::vector<std::uint8_t> rest_;  // from rest_begin_ on; what was read and is left
  std::size_t rest_begin_ = 0;

  bool busy_ = false;         // so that slabs are worth their memory
  bool much_lately_ = false;  // since the timer was started
  Timer quiet_;
};

}  // namespace hawser::reader
