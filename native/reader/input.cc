#include "reader/input.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <new>
#include <utility>

#include "core/limits.h"
#include "reader/slab.h"

namespace hawser::reader {

namespace {

// A read of so much is worth a slab, and that its messages are left where they lie.
constexpr std::size_t kMuchRead = std::size_t{32} << 10;

// Milliseconds without such a read after which slabs are given back.
constexpr std::uint64_t kQuiet = 500;

// From so many bytes to come of a message on, reading them apart costs less than copying them. Where there is much to
// read, small reads cost more than copies.
constexpr std::uint64_t kDirectRead = std::uint64_t{32} << 10;
constexpr std::uint64_t kDirectReadWhenBusy = Slab::kSize / 4;

double WallClock() {
  const std::chrono::duration<double, std::milli> now = std::chrono::system_clock::now().time_since_epoch();
  return now.count();
}

// Bytes of messages that may come of a read before it is asked whether there is room for more, where little may inflate
// to a thousand times as much.
constexpr std::uint64_t kMostAtOnce = 2 * std::uint64_t{Slab::kSize};

}  // namespace

Input::Input(Loop& loop, core::Protocol& protocol, core::EventSink& sink, MessageWriter& writer, std::uint64_t most)
    : loop_(loop),
      protocol_(protocol),
      sink_(sink),
      writer_(writer),
      most_(std::clamp<std::uint64_t>(most, loop.chunk().size(), std::uint64_t{Slab::kSize})),
      target_(loop.chunk()),
      quiet_(loop.uv(), [this] { OnQuiet(); }) {}

std::span<std::uint8_t> Input::Target() noexcept {
  in_use_ = true;
  unfinished_ = 0;
  if (const auto message = protocol_.ReceiveTarget(busy_ ? kDirectReadWhenBusy : kDirectRead); !message.empty()) {
    kind_ = Kind::kMessage;
    target_ = message;
  } else if (!busy_ || !TargetSlab()) {
    kind_ = Kind::kChunk;
    target_ = loop_.chunk();
  }
  return target_;
}

bool Input::TargetSlab() {
  try {
    const auto room = writer_.Target();
    unfinished_ = protocol_.CopyUnfinished(room);
    target_ = room.subspan(unfinished_);
  } catch (const std::bad_alloc&) {
    return false;
  }
  target_ = target_.first(std::min(target_.size(), most_));
  kind_ = Kind::kSlab;
  return true;
}

void Input::ReadElsewhere() { writer_.BeginRead(WallClock()); }

void Input::Received(std::size_t size) {
  assert(!has_rest());
  in_use_ = false;
  writer_.BeginRead(WallClock());
  if (kind_ == Kind::kMessage) return protocol_.Received(size, sink_);
  const bool much = size >= kMuchRead;
  const bool in_place = much && kind_ == Kind::kSlab;
  if (in_place) writer_.BeginInPlace();
  try {
    KeepRest(protocol_.Receive(target_.first(size), sink_, unfinished_, MostAtOnce()));
  } catch (...) {
    // What was taken in place must not be read over.
    if (in_place) writer_.EndInPlace();
    throw;
  }
  if (in_place) writer_.EndInPlace();
  if (!much) return;
  much_lately_ = true;
  busy_ = true;
  if (!quiet_.active()) quiet_.Start(kQuiet);
}

std::uint64_t Input::MostAtOnce() const { return protocol_.inflates() ? kMostAtOnce : core::Limits::kNoLimit; }

void Input::Receive(std::span<const std::uint8_t> bytes) { KeepRest(protocol_.Receive(bytes, sink_, 0, MostAtOnce())); }

void Input::ReceiveRest() {
  const auto rest = std::span<const std::uint8_t>(rest_).subspan(rest_begin_);
  const std::size_t left = protocol_.Receive(rest, sink_, 0, MostAtOnce()).size();
  rest_begin_ = rest_.size() - left;
  if (left > 0) return;
  rest_ = std::vector<std::uint8_t>();  // gives its memory back, as = {} would not
  rest_begin_ = 0;
}

void Input::OnQuiet() {
  busy_ = std::exchange(much_lately_, false);
  // Some systems are given the memory long before there is something to read.
  if (busy_ || in_use_ || !writer_.DropTarget()) quiet_.Start(kQuiet);
}

void Input::Stop() { quiet_.Stop(); }

}  // namespace hawser::reader
