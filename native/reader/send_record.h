// The form in which small sends cross from JavaScript: two words, type with flags and payload size in bytes, then the
// payload, padded to four bytes. Native byte order; written by outbox.ts, counted on the JS thread, read by the reader.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/protocol.h"

namespace hawser::reader {

enum class RecordType : std::uint32_t {
  kText = 1,
  kBinary = 2,
  kPing = 3,  // the payload starts with a word: the ping's id
  kPong = 4,
};

// A record's first word holds, beside the type, flags of data records.
inline constexpr std::uint32_t kRecordTypeBits = 0xFF;
inline constexpr std::uint32_t kRecordMore = 0x100;      // a fragment that others follow
inline constexpr std::uint32_t kRecordCompress = 0x200;  // the message is to be compressed

// What a data record's first word says of its message.
inline core::Outgoing MessageOf(std::uint32_t word) {
  return {
      .opcode = static_cast<RecordType>(word & kRecordTypeBits) == RecordType::kText ? core::Opcode::kText
                                                                                     : core::Opcode::kBinary,
      .more = (word & kRecordMore) != 0,
      .compress = (word & kRecordCompress) != 0,
  };
}

struct SendRecord {
  RecordType type = RecordType::kText;
  core::Outgoing message;
  std::span<const std::uint8_t> payload;

  bool is_data() const { return type == RecordType::kText || type == RecordType::kBinary; }
};

class RecordReader {
 public:
  explicit RecordReader(std::span<const std::uint8_t> records) : rest_(records) {}

  bool Next(SendRecord& record) {
    if (rest_.size() < kHeader) return false;
    const std::size_t size = Word(4);
    assert(kHeader + size <= rest_.size());
    const std::uint32_t word = Word(0);
    record = {static_cast<RecordType>(word & kRecordTypeBits), MessageOf(word), rest_.subspan(kHeader, size)};
    const std::size_t padded = kHeader + ((size + 3) & ~std::size_t{3});
    rest_ = rest_.subspan(padded < rest_.size() ? padded : rest_.size());
    return true;
  }

 private:
  static constexpr std::size_t kHeader = 8;

  std::uint32_t Word(std::size_t at) const {
    std::uint32_t word = 0;
    std::memcpy(&word, rest_.data() + at, sizeof word);
    return word;
  }

  std::span<const std::uint8_t> rest_;
};

}  // namespace hawser::reader
