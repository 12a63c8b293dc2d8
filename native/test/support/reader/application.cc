#include "test/support/reader/application.h"

#include <cstring>
#include <memory>

#include "test/support/bytes.h"
#include "test/support/reader/scripted_peer.h"

namespace hawser::test {
namespace {

constexpr std::string_view kRequestHead = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
constexpr std::size_t kHeadLimit = 16 * 1024;

Event ToEvent(core::MessageKind kind, std::span<const std::uint8_t> message) {
  if (kind == core::MessageKind::kBinary) return Binary(AsString(message));
  if (kind == core::MessageKind::kAscii) return Text(AsString(message));
  return Text(Utf16ToUtf8({reinterpret_cast<const char16_t*>(message.data()), message.size() / 2}));
}

void AppendWord(std::vector<std::uint8_t>& to, std::uint32_t word) {
  to.resize(to.size() + sizeof word);
  std::memcpy(to.data() + to.size() - sizeof word, &word, sizeof word);
}

}  // namespace

reader::SessionConfig DialConfig(int port) {
  return {.dial = {.targets = {{.address = "127.0.0.1", .port = port, .path = ""}}, .local_address = ""},
          .limits = {},
          .marks = {},
          .delays = {}};
}

reader::SessionConfig DialConfig(const SocketPath& path) {
  reader::SessionConfig config = DialConfig(0);
  config.dial.targets = {{.address = "", .port = 0, .path = path.text()}};
  return config;
}

reader::SessionConfig PausingConfig(int port) {
  reader::SessionConfig config = DialConfig(port);
  config.marks = {.high_messages = 0, .low_messages = 0};
  return config;
}

Record PingRecord(std::uint32_t id, std::string_view payload) {
  std::string with_id(sizeof id, '\0');
  std::memcpy(with_id.data(), &id, sizeof id);
  return {reader::RecordType::kPing, with_id.append(payload)};
}

std::vector<std::uint8_t> Encode(std::initializer_list<Record> records) {
  std::vector<std::uint8_t> encoded;
  for (const Record& record : records) {
    AppendWord(encoded, static_cast<std::uint32_t>(record.type) | record.flags);
    AppendWord(encoded, static_cast<std::uint32_t>(record.payload.size()));
    encoded.insert(encoded.end(), record.payload.begin(), record.payload.end());
    encoded.resize((encoded.size() + 3) & ~std::size_t{3});
  }
  return encoded;
}

Events Decode(reader::MessageBatch& batch) {
  Events events;
  for (const reader::MessageEntry& entry : batch.index()) {
    const std::size_t offset = entry.offset();
    const auto message = entry.large() ? batch.large(offset).span() : batch.shared().subspan(offset, entry.size);
    CHECK(message.size() == entry.size);
    Event event = ToEvent(entry.form().kind, message);
    event.more = entry.form().more;
    events.push_back(std::move(event));
  }
  return events;
}

Application::Application(reader::SessionConfig config, std::function<void(std::uint32_t)> on_ring)
    : rings_(std::move(on_ring)), reader_(std::move(config), std::make_unique<TestBell>(rings_)) {}

void Application::AwaitRing(std::uint64_t before) {
  if (!rings_.WaitBeyond(before)) FAIL("the reader did not ring in time");
}

std::optional<reader::Notice> Application::NextNotice() {
  while (notices_.empty()) {
    const std::uint64_t rings = rings_.count();
    const bool finished = delivery().finished();
    for (reader::Notice& notice : delivery().TakeNotices()) notices_.push_back(std::move(notice));
    if (!notices_.empty()) break;
    if (finished) return std::nullopt;
    AwaitRing(rings);
  }
  reader::Notice notice = std::move(notices_.front());
  notices_.pop_front();
  return notice;
}

void Application::Open(reader::Start start) {
  (void)Await<reader::Dialed>();
  Upgrade(start);
}

reader::Secured Application::OpenTls(reader::Secure command) {
  (void)Await<reader::Dialed>();
  return Secure(std::move(command));
}

reader::Secured Application::Secure(reader::Secure command) {
  Post(std::move(command));
  return Await<reader::Secured>();
}

void Application::Upgrade(reader::Start start) {
  const auto request = AsSpan(kRequestHead);
  Post(reader::WriteBytes{{request.begin(), request.end()}});
  Post(reader::ReadHead{kHeadLimit});
  REQUIRE(AsString(Await<reader::HeadRead>().bytes) == kResponseHead);
  Post(start);
}

void Application::Send(std::initializer_list<Record> records) {
  std::uint64_t payload = 0;
  for (const Record& record : records) {
    const bool data = record.type == reader::RecordType::kText || record.type == reader::RecordType::kBinary;
    if (data) payload += record.payload.size();
  }
  reader_.commands().Post(reader::SendRecords{Encode(records)}, payload);
}

void Application::SendLarge(const core::Outgoing& message, std::string_view payload) {
  core::Payload copy(payload.size());
  if (!payload.empty()) std::memcpy(copy.bytes(), payload.data(), payload.size());
  copy.set_size(payload.size());
  reader_.commands().Post(reader::SendLarge{.message = message, .payload = std::move(copy)}, payload.size());
}

Application::Taken Application::TakeBatch() {
  const auto result = delivery().Take(batch_);
  if (result.resume) Post(reader::Resume{});
  if (result.taken == Taken::kBatch) {
    for (Event& event : Decode(batch_)) inbox_.push_back(std::move(event));
  }
  return result.taken;
}

std::optional<Event> Application::Receive() {
  auto message = ReceiveFragment();
  while (message && message->more) {
    const auto next = ReceiveFragment();
    if (!next) return std::nullopt;
    CHECK(next->kind == message->kind);
    message->payload += next->payload;
    message->more = next->more;
  }
  return message;
}

std::optional<Event> Application::ReceiveFragment() {
  while (inbox_.empty()) {
    const std::uint64_t rings = rings_.count();
    const Taken taken = TakeBatch();
    if (taken == Taken::kFinished) return std::nullopt;
    if (taken == Taken::kNothing) AwaitRing(rings);
  }
  Event event = std::move(inbox_.front());
  inbox_.pop_front();
  return event;
}

Events Application::ReceiveAll() {
  Events events;
  while (auto event = Receive()) events.push_back(std::move(*event));
  return events;
}

void Application::AwaitFirstMessage() {
  const std::uint64_t rings = rings_.count();
  if (!inbox_.empty() || TakeBatch() != Taken::kNothing) return;
  for (std::uint64_t seen = rings; (rings_.flags() & reader::kReadyMessages) == 0; seen = rings_.count()) {
    AwaitRing(seen);
  }
}

void Application::AwaitFinish() {
  for (std::uint64_t rings = rings_.count(); !delivery().finished(); rings = rings_.count()) AwaitRing(rings);
}

core::CloseOutcome Application::Join() {
  AwaitFinish();
  return reader_.Join();
}

}  // namespace hawser::test
