#include "core/permessage_deflate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace hawser::core {
namespace {

// The empty stored block that ends a flushed message, without its first byte or what stands for it (§7.2.1).
constexpr std::array<std::uint8_t, 4> kTail = {0x00, 0x00, 0xFF, 0xFF};

constexpr std::size_t kMostAtATime = std::numeric_limits<uInt>::max();

// What stands in z_stream::data_type after inflating (zlib.h, inflate): the unused bits of the last byte, and whether
// it stopped right behind a block.
constexpr int kUnusedBits = 0x3F;
constexpr int kBehindBlock = 0x80;

// zlib can't deflate with 8 bits but uses no more with 9: the last 262 of 512 bytes are never referred to.
int DeflateWindowBits(int agreed) { return std::max(agreed, 9); }

uInt Fit(std::size_t size) { return static_cast<uInt>(std::min(size, kMostAtATime)); }

}  // namespace

Inflater::Inflater(const DeflateConfig& config) : no_context_takeover_(config.server_no_context_takeover) {
  if (inflateInit2(&stream_, -config.server_max_window_bits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&stream_); }

std::size_t Inflater::Inflate(std::span<const std::uint8_t>& input, std::span<std::uint8_t> room) {
  stream_.next_out = room.data();
  stream_.avail_out = Fit(room.size());
  do {
    // zlib is not const-correct; it does not write there.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    stream_.next_in = const_cast<Bytef*>(input.data());
    stream_.avail_in = Fit(input.size());
    if (!input.empty()) ended_ = false;
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    input = input.subspan(Fit(input.size()) - stream_.avail_in);
    switch (result) {
      case Z_OK:
      case Z_BUF_ERROR:
        break;
      case Z_STREAM_END:
        Restart();
        break;
      case Z_MEM_ERROR:
        throw std::bad_alloc();
      default:
        valid_ = false;
    }
  } while (valid_ && !input.empty() && stream_.avail_out > 0);
  return Fit(room.size()) - stream_.avail_out;
}

// A block marked as the last ends what zlib takes for the stream, but not the message, and the window stays: as it is,
// since such a block takes ten bits and copying a window 32 KiB.
void Inflater::Restart() {
  (void)inflateResetKeep(&stream_);  // can't fail
  ended_ = true;
}

bool Inflater::EndMessage() {
  // What makes something of the end that senders cut off (§7.2.1) lacks more than that.
  std::array<std::uint8_t, 1> nothing{};
  std::span<const std::uint8_t> tail(kTail);
  const bool whole = ended_ || (valid_ && Inflate(tail, nothing) == 0 && StandsBehindBlock());
  ended_ = false;
  if (no_context_takeover_) inflateReset(&stream_);
  return whole && valid_;
}

bool Inflater::StandsBehindBlock() const {
  return (stream_.data_type & kBehindBlock) != 0 && (stream_.data_type & kUnusedBits) == 0;
}

Deflater::Deflater(const DeflateConfig& config) : no_context_takeover_(config.client_no_context_takeover) {
  const int bits = -DeflateWindowBits(config.client_max_window_bits);
  if (deflateInit2(&stream_, config.level, Z_DEFLATED, bits, config.mem_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Deflater::~Deflater() { deflateEnd(&stream_); }

void Deflater::Deflate(std::span<const std::uint8_t> fragment, bool fin, Payload& output) {
  const std::size_t begin = output.size();
  for (bool flushed = false; !flushed;) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib is not const-correct
    stream_.next_in = const_cast<Bytef*>(fragment.data());
    stream_.avail_in = Fit(fragment.size());
    const std::size_t given = stream_.avail_in;
    const int flush = given < fragment.size() ? Z_NO_FLUSH : Z_SYNC_FLUSH;
    const std::size_t wanted = output.size() + std::max<std::size_t>(deflateBound(&stream_, stream_.avail_in) / 2, 256);
    if (output.capacity() < wanted) output.Grow(wanted);
    const std::size_t room = Fit(output.capacity() - output.size());
    stream_.next_out = output.bytes() + output.size();
    stream_.avail_out = static_cast<uInt>(room);
    // Fails only where there is nothing left to flush.
    (void)deflate(&stream_, flush);
    output.set_size(output.size() + room - stream_.avail_out);
    fragment = fragment.subspan(given - stream_.avail_in);
    flushed = fragment.empty() && stream_.avail_out > 0;
  }
  if (!fin) return;
  const std::size_t made = output.size() - begin;
  if (made > kTail.size()) {
    output.set_size(output.size() - kTail.size());
  } else {
    // The fragment before it ended with all there was: an empty block then says that the message ends (§7.2.3.6).
    output.Grow(begin + 1);
    output.bytes()[begin] = 0x00;
    output.set_size(begin + 1);
  }
  if (no_context_takeover_) deflateReset(&stream_);
}

}  // namespace hawser::core
