#include "test/support/peer_deflate.h"

#include <array>
#include <stdexcept>

namespace hawser::test {
namespace {

constexpr std::string_view kTail("\x00\x00\xFF\xFF", 4);

Bytef* BytesOf(std::string& bytes) { return reinterpret_cast<Bytef*>(bytes.data()); }

// Calls `step` again and again for as long as it uses all of the room.
template <class Step>
std::string Collect(z_stream& stream, Step step) {
  std::string all;
  std::array<char, 4096> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): written right away
  do {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = room.size();
    step();
    all.append(room.data(), room.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  return all;
}

}  // namespace

PeerDeflater::PeerDeflater(int window_bits, int level) {
  if (deflateInit2(&stream_, level, Z_DEFLATED, -window_bits, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
}

PeerDeflater::~PeerDeflater() { deflateEnd(&stream_); }

std::string PeerDeflater::Run(std::string_view content, int flush) {
  std::string input(content);
  stream_.next_in = BytesOf(input);
  stream_.avail_in = static_cast<uInt>(input.size());
  history_ += content;
  return Collect(stream_, [&] {
    if (deflate(&stream_, flush) == Z_STREAM_ERROR) throw std::runtime_error("deflate");
  });
}

std::string PeerDeflater::Part(std::string_view content) { return Run(content, Z_SYNC_FLUSH); }

std::string PeerDeflater::Message(std::string_view content) {
  std::string payload = Run(content, Z_SYNC_FLUSH);
  if (!payload.ends_with(kTail)) return std::string(1, '\0');  // nothing to say since the last flush
  payload.resize(payload.size() - kTail.size());
  return payload;
}

std::string PeerDeflater::FinalBlock(std::string_view content) {
  std::string part = Run(content, Z_FINISH);
  deflateReset(&stream_);
  deflateSetDictionary(&stream_, BytesOf(history_), static_cast<uInt>(history_.size()));
  return part;
}

void PeerDeflater::Reset() {
  deflateReset(&stream_);
  history_.clear();
}

PeerInflater::PeerInflater(int window_bits) {
  if (inflateInit2(&stream_, -window_bits) != Z_OK) throw std::runtime_error("inflateInit2");
}

PeerInflater::~PeerInflater() { inflateEnd(&stream_); }

std::string PeerInflater::Message(std::string_view payload) {
  std::string content = Run(payload);
  content += Run(kTail);  // by itself, since zlib tells where it stopped only once
  constexpr int kBehindBlock = 0x80;
  constexpr int kUnusedBits = 0x3F;
  if ((stream_.data_type & (kBehindBlock | kUnusedBits)) != kBehindBlock) {
    throw std::runtime_error("payload is not a whole message");
  }
  return content;
}

std::string PeerInflater::Run(std::string_view bytes) {
  std::string input(bytes);
  stream_.next_in = BytesOf(input);
  stream_.avail_in = static_cast<uInt>(input.size());
  std::string content = Collect(stream_, [&] {
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR) throw std::runtime_error("payload is not DEFLATE");
  });
  if (stream_.avail_in > 0) throw std::runtime_error("payload goes on behind its message");
  return content;
}

void PeerInflater::Reset() { inflateReset(&stream_); }

std::string Deflated(std::string_view content) { return PeerDeflater().Message(content); }

}  // namespace hawser::test
