#include "core/frame_writer.h"

#include <algorithm>
#include <utility>

#include "core/frame_header.h"

namespace hawser::core {
namespace {

// Every frame of a client is masked (§5.1); the length takes the fewest bytes it can (§5.2).
class Header {
 public:
  Header(const FrameHead& head, std::size_t length, MaskingKey key) {
    Put(static_cast<std::uint8_t>((head.fin ? kFinBit : 0) | (head.rsv1 ? kCompressedBit : 0) |
                                  static_cast<std::uint8_t>(head.opcode)));
    if (length < 126) {
      Put(static_cast<std::uint8_t>(kMaskBit | length));
    } else if (length <= 0xFFFF) {
      Put(kMaskBit | 126);
      PutBigEndian(length, 2);
    } else {
      Put(kMaskBit | 127);
      PutBigEndian(length, 8);
    }
    for (const std::uint8_t byte : key) Put(byte);
  }

  std::span<const std::uint8_t> span() const { return std::span(bytes_).first(size_); }
  std::size_t size() const { return size_; }

 private:
  void Put(std::uint8_t byte) { bytes_[size_++] = byte; }
  void PutBigEndian(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) Put(static_cast<std::uint8_t>(value >> shift));
  }

  std::array<std::uint8_t, kMaxFrameHeader> bytes_{};
  std::size_t size_ = 0;
};

void Fill(std::uint8_t* room, const Header& header, std::span<const std::uint8_t> payload, MaskingKey key) {
  const auto head = header.span();
  MaskCopy(std::copy(head.begin(), head.end(), room), payload.data(), payload.size(), key);
}

}  // namespace

void FrameWriter::Write(const FrameHead& head, std::span<const std::uint8_t> payload) {
  const MaskingKey key = keys_.NextKey();
  const Header header(head, payload.size(), key);
  const std::size_t application_size = IsControl(head.opcode) ? 0 : head.plain_size.value_or(payload.size());
  Fill(output_.Append(header.size() + payload.size(), application_size, !head.plain_size), header, payload, key);
}

void FrameWriter::WriteLarge(const FrameHead& head, Payload payload) {
  const MaskingKey key = keys_.NextKey();
  MaskCopy(payload.bytes(), payload.bytes(), payload.size(), key);
  const Header header(head, payload.size(), key);
  const std::size_t application_size = head.plain_size.value_or(payload.size());
  output_.AppendLarge(header.span(), std::move(payload), application_size, !head.plain_size);
}

void FrameWriter::WriteUrgent(Opcode opcode, std::span<const std::uint8_t> payload) {
  const MaskingKey key = keys_.NextKey();
  const Header header({.opcode = opcode}, payload.size(), key);
  Fill(output_.AppendUrgent(header.size() + payload.size()), header, payload, key);
}

}  // namespace hawser::core
