// Frames waiting to be written, in order: whole frames, already masked. Small frames share segments, a big
// payload keeps its own allocation. Pongs overtake frames of which no byte was written yet (§5.5.3 asks for
// an answer as soon as practical). An empty queue holds no memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>

#include "core/payload.h"

namespace hawser::core {

// The header of a masked frame: 2 bytes, up to 8 of length, 4 of key (§5.2).
inline constexpr std::size_t kMaxFrameHeader = 14;

class OutputQueue {
 public:
  // Room for one whole frame of `size` bytes at the end of the queue, which stands for `payload_size` bytes of
  // application data (what bufferedAmount counts): `verbatim`, they are among its own, else it was compressed. The
  // caller fills it at once. This and the other Appends throw std::bad_alloc, and then the queue is as it was.
  std::uint8_t* Append(std::size_t size, std::size_t payload_size, bool verbatim = true);
  // A frame whose header stands in `header` and whose masked payload is `payload`.
  void AppendLarge(std::span<const std::uint8_t> header, Payload payload, std::size_t payload_size,
                   bool verbatim = true);
  // What was appended last, and is not shown by Peek yet, stands for so many bytes of application data more.
  void AddPayload(std::size_t payload_size, bool verbatim);
  // As Append, ahead of every frame that has not begun to be written (nor was shown by Peek).
  std::uint8_t* AppendUrgent(std::size_t size);

  bool empty() const { return size_ == 0; }
  // Bytes consumed so far.
  std::uint64_t consumed() const { return consumed_; }
  // Bytes not yet consumed.
  std::size_t size() const { return size_; }
  // Bytes of urgent frames not yet consumed.
  std::size_t urgent_size() const { return urgent_size_; }

  // Fills `pieces` with the next bytes to write; returns how many pieces were filled. They stay valid, at the same
  // address and next in order until consumed, whatever is appended meanwhile.
  std::size_t Peek(std::span<std::span<const std::uint8_t>> pieces);
  // The first `size` bytes of what Peek showed were written. Returns the application bytes that were thereby
  // written; within a segment its framing counts as written first, so never a byte too early. Where something in it is
  // compressed they count at its end.
  std::size_t Consume(std::size_t size);
  // Frees everything.
  void Clear();

 private:
  // Either frames that share `bytes` (no header), or one big frame. Never reallocated: Peek shows its inside.
  struct Segment {
    std::array<std::uint8_t, kMaxFrameHeader> header{};
    std::uint8_t header_size = 0;
    bool urgent = false;
    bool sealed = false;  // Peek showed it (or a part): nothing may be added to it or put before it
    Payload bytes;
    bool verbatim = true;          // nothing in it is compressed
    std::size_t payload_size = 0;  // application bytes that it stands for
    std::size_t consumed = 0;
    std::size_t reported = 0;  // application bytes that Consume has returned

    std::size_t size() const { return header_size + bytes.size(); }
    bool HasRoom(std::size_t more) const {
      return header_size == 0 && !sealed && bytes.capacity() - bytes.size() >= more;
    }
  };

  std::uint8_t* Extend(Segment& segment, std::size_t size, std::size_t payload_size);
  std::size_t CapacityFor(std::size_t frame_size) const;
  static std::size_t ConsumeFrom(Segment& segment, std::size_t size);

  std::list<Segment> segments_;
  std::size_t size_ = 0;
  std::size_t urgent_size_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace hawser::core
