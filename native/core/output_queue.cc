#include "core/output_queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hawser::core {
namespace {

// A segment is as big as what waits already, so that a lone frame costs little and a flood few segments.
constexpr std::size_t kMinSegment = 4 * 1024;
constexpr std::size_t kMaxSegment = 64 * 1024;
constexpr std::size_t kUrgentSegment = 512;

}  // namespace

std::uint8_t* OutputQueue::Append(std::size_t size, std::size_t payload_size, bool verbatim) {
  if (segments_.empty() || segments_.back().urgent || !segments_.back().HasRoom(size)) {
    Segment segment;
    segment.bytes.Grow(CapacityFor(size));
    segments_.push_back(std::move(segment));
  }
  segments_.back().verbatim = segments_.back().verbatim && verbatim;
  return Extend(segments_.back(), size, payload_size);
}

void OutputQueue::AppendLarge(std::span<const std::uint8_t> header, Payload payload, std::size_t payload_size,
                              bool verbatim) {
  assert(header.size() <= kMaxFrameHeader);
  Segment segment;
  std::copy(header.begin(), header.end(), segment.header.begin());
  segment.header_size = static_cast<std::uint8_t>(header.size());
  segment.payload_size = payload_size;
  segment.verbatim = verbatim;
  segment.bytes = std::move(payload);
  segments_.push_back(std::move(segment));
  size_ += segments_.back().size();
}

void OutputQueue::AddPayload(std::size_t payload_size, bool verbatim) {
  Segment& last = segments_.back();
  assert(!last.sealed);
  last.payload_size += payload_size;
  last.verbatim = last.verbatim && verbatim;
}

std::uint8_t* OutputQueue::AppendUrgent(std::size_t size) {
  const auto overtaken =
      std::find_if(segments_.begin(), segments_.end(), [](const Segment& s) { return !s.sealed && !s.urgent; });
  if (overtaken != segments_.begin()) {
    Segment& before = *std::prev(overtaken);
    if (before.urgent && before.HasRoom(size)) {
      urgent_size_ += size;
      return Extend(before, size, 0);
    }
  }
  Segment segment;
  segment.urgent = true;
  segment.bytes.Grow(std::max(size, kUrgentSegment));
  const auto inserted = segments_.insert(overtaken, std::move(segment));
  urgent_size_ += size;
  return Extend(*inserted, size, 0);
}

std::size_t OutputQueue::Peek(std::span<std::span<const std::uint8_t>> pieces) {
  std::size_t filled = 0;
  for (Segment& segment : segments_) {
    std::size_t skip = segment.consumed;
    for (const std::span<const std::uint8_t> part :
         {std::span<const std::uint8_t>(segment.header).first(segment.header_size), segment.bytes.span()}) {
      if (skip >= part.size()) {
        skip -= part.size();
        continue;
      }
      if (filled == pieces.size()) return filled;
      segment.sealed = true;
      pieces[filled++] = part.subspan(skip);
      skip = 0;
    }
  }
  return filled;
}

std::size_t OutputQueue::Consume(std::size_t size) {
  assert(size <= size_);
  size_ -= size;
  consumed_ += size;
  std::size_t payload_size = 0;
  while (size > 0) {
    Segment& segment = segments_.front();
    const std::size_t step = std::min(size, segment.size() - segment.consumed);
    payload_size += ConsumeFrom(segment, step);
    if (segment.urgent) urgent_size_ -= step;
    size -= step;
    if (segment.consumed == segment.size()) segments_.pop_front();
  }
  return payload_size;
}

void OutputQueue::Clear() {
  segments_.clear();
  size_ = 0;
  urgent_size_ = 0;
}

std::uint8_t* OutputQueue::Extend(Segment& segment, std::size_t size, std::size_t payload_size) {
  std::uint8_t* room = segment.bytes.bytes() + segment.bytes.size();
  segment.bytes.set_size(segment.bytes.size() + size);
  segment.payload_size += payload_size;
  size_ += size;
  return room;
}

std::size_t OutputQueue::CapacityFor(std::size_t frame_size) const {
  return std::max(frame_size, std::clamp(size_, kMinSegment, kMaxSegment));
}

std::size_t OutputQueue::ConsumeFrom(Segment& segment, std::size_t size) {
  segment.sealed = true;
  segment.consumed += size;
  std::size_t written = 0;
  if (segment.consumed == segment.size()) {
    written = segment.payload_size;
  } else if (segment.verbatim) {
    const std::size_t framing = segment.size() - segment.payload_size;
    written = segment.consumed > framing ? segment.consumed - framing : 0;
  }
  return written - std::exchange(segment.reported, written);
}

}  // namespace hawser::core
