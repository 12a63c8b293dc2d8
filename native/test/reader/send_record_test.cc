// The form in which small sends cross.
#include "reader/send_record.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/support/bytes.h"
#include "test/support/reader/application.h"

namespace hawser::reader {
namespace {

using test::AsString;
using test::BinaryRecord;
using test::Encode;
using test::TextRecord;

std::vector<std::string> Payloads(const std::vector<std::uint8_t>& records) {
  std::vector<std::string> payloads;
  RecordReader reader(records);
  for (SendRecord record; reader.Next(record);) payloads.push_back(AsString(record.payload));
  return payloads;
}

TEST_CASE("records are read in order, whatever their padding") {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U, 5U, 1000U}) {
    const std::string payload(size, 'x');
    CHECK(Payloads(Encode({TextRecord(payload), TextRecord("next")})) == std::vector<std::string>{payload, "next"});
  }
}

TEST_CASE("the last record needs no padding") {
  std::vector<std::uint8_t> records = Encode({TextRecord("first"), TextRecord("last!")});
  records.resize(records.size() - 3);
  CHECK(Payloads(records) == std::vector<std::string>{"first", "last!"});
}

TEST_CASE("no records are none") { CHECK(Payloads({}).empty()); }

TEST_CASE("text and binary are data, pings and pongs are not") {
  const auto records = Encode({TextRecord(""), BinaryRecord(""), test::PingRecord(1, ""), test::PongRecord("")});
  RecordReader reader(records);
  SendRecord record;
  std::vector<bool> data;
  while (reader.Next(record)) data.push_back(record.is_data());
  CHECK(data == std::vector<bool>{true, true, false, false});
}

TEST_CASE("flags say whether a message goes on and is to be compressed") {
  for (const std::uint32_t flags : {0U, kRecordMore, kRecordCompress, kRecordMore | kRecordCompress}) {
    for (const RecordType type : {RecordType::kText, RecordType::kBinary}) {
      const auto records = Encode({{type, "payload", flags}, TextRecord("next")});
      RecordReader reader(records);
      SendRecord record;
      REQUIRE(reader.Next(record));
      CHECK(record.type == type);
      CHECK(record.is_data());
      CHECK(record.message.opcode == (type == RecordType::kText ? core::Opcode::kText : core::Opcode::kBinary));
      CHECK(record.message.more == ((flags & kRecordMore) != 0));
      CHECK(record.message.compress == ((flags & kRecordCompress) != 0));
      CHECK(AsString(record.payload) == "payload");
      REQUIRE(reader.Next(record));
      CHECK_FALSE(record.message.more);
      CHECK_FALSE(record.message.compress);
    }
  }
}

}  // namespace
}  // namespace hawser::reader
