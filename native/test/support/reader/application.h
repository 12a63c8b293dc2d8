// Plays JavaScript's part: owns a reader, posts commands, takes batches and notices when the bell rings. Everything
// that waits fails the test if it waits in vain.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/close_outcome.h"
#include "reader/reader.h"
#include "reader/send_record.h"
#include "test/support/reader/socket.h"
#include "test/support/reader/test_bell.h"
#include "test/support/recording_sink.h"

namespace hawser::test {

// A session that dials 127.0.0.1, without deadlines, pings or marks.
reader::SessionConfig DialConfig(int port);
// The same for a path.
reader::SessionConfig DialConfig(const SocketPath& path);
// The same with marks that stop reading as soon as one message waits.
reader::SessionConfig PausingConfig(int port);

// A record of a batch of sends.
struct Record {
  reader::RecordType type;
  std::string payload;
  std::uint32_t flags = 0;
};
inline Record TextRecord(std::string payload) { return {reader::RecordType::kText, std::move(payload)}; }
inline Record BinaryRecord(std::string payload) { return {reader::RecordType::kBinary, std::move(payload)}; }
inline Record PongRecord(std::string payload) { return {reader::RecordType::kPong, std::move(payload)}; }
// A message that is to be compressed.
inline Record CompressedRecord(std::string payload) {
  return {reader::RecordType::kText, std::move(payload), reader::kRecordCompress};
}
Record PingRecord(std::uint32_t id, std::string_view payload);

// The records in the form in which they cross.
std::vector<std::uint8_t> Encode(std::initializer_list<Record> records);

// A batch's messages and fragments, decoded as JavaScript does.
Events Decode(reader::MessageBatch& batch);

class Application {
 public:
  // `on_ring` runs on the reader's thread whenever it rings.
  explicit Application(
      reader::SessionConfig config, std::function<void(std::uint32_t)> on_ring = [](std::uint32_t) {});

  reader::Reader& reader() { return reader_; }
  reader::DeliveryQueue& delivery() { return reader_.delivery(); }
  Rings& rings() { return rings_; }

  // --- opening ---
  // Waits until a connection is established, sends a request, reads kResponseHead, starts frames.
  void Open(reader::Start start = {});
  // The same over a connection that is established.
  void Upgrade(reader::Start start = {});
  // Waits until a connection is established and TLS over it.
  reader::Secured OpenTls(reader::Secure command);
  // Waits until TLS is established over what there is.
  reader::Secured Secure(reader::Secure command);
  // The next notice, which must be a T.
  template <typename T>
  T Await() {
    std::optional<reader::Notice> notice = NextNotice();
    REQUIRE_MESSAGE(notice, "the reader has ended instead of giving notice");
    REQUIRE_MESSAGE(std::holds_alternative<T>(*notice), "notice of kind ", notice->index());
    return std::get<T>(std::move(*notice));
  }
  // The next notice; none if the reader is finished before.
  std::optional<reader::Notice> NextNotice();

  // --- sending ---
  void Post(reader::Command command) { reader_.commands().Post(std::move(command)); }
  void Send(std::initializer_list<Record> records);
  void SendText(std::string payload) { Send({TextRecord(std::move(payload))}); }
  void SendLarge(core::Opcode opcode, std::string_view payload) { SendLarge({.opcode = opcode}, payload); }
  void SendLarge(const core::Outgoing& message, std::string_view payload);
  void Close(std::uint16_t code = 1000, std::string reason = "") {
    Post(reader::CloseConnection{.code = code, .reason = std::move(reason)});
  }
  // Waits until all that was sent is the network's.
  void AwaitDrained() {
    Post(reader::NotifyDrained{});
    (void)Await<reader::Drained>();
  }
  std::uint64_t buffered() { return reader_.commands().buffered(); }

  // --- receiving ---
  // The next message, its fragments put together; none once the reader is finished.
  std::optional<Event> Receive();
  std::optional<Event> ReceiveFragment();
  // All messages until the reader is finished.
  Events ReceiveAll();
  // Waits until the connection's first message is here, and leaves it there.
  void AwaitFirstMessage();

  // --- ending ---
  void AwaitFinish();
  // Waits for the reader's end and joins it.
  core::CloseOutcome Join();

 private:
  using Taken = reader::DeliveryQueue::Taken;

  Taken TakeBatch();
  void AwaitRing(std::uint64_t before);

  Rings rings_;  // outlives the reader
  reader::Reader reader_;
  std::deque<reader::Notice> notices_;
  reader::MessageBatch batch_;
  std::deque<Event> inbox_;
};

}  // namespace hawser::test
