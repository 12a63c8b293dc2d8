// Remembers what a protocol tells its host. Text is kept as UTF-8 again, so that tests name it as they sent it.
#pragma once

#include <cstdint>
#include <new>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/limits.h"
#include "test/support/bytes.h"

namespace hawser::test {

struct Event {
  enum class Kind : std::uint8_t { kText, kBinary, kPing, kPong };
  Kind kind;
  std::string payload;

  bool operator==(const Event&) const = default;
};
using Events = std::vector<Event>;

inline Event Text(std::string payload) { return {Event::Kind::kText, std::move(payload)}; }
inline Event Binary(std::string payload) { return {Event::Kind::kBinary, std::move(payload)}; }
inline Event Ping(std::string payload) { return {Event::Kind::kPing, std::move(payload)}; }
inline Event Pong(std::string payload) { return {Event::Kind::kPong, std::move(payload)}; }

inline std::ostream& operator<<(std::ostream& out, const Event& event) {
  constexpr const char* kNames[] = {"Text", "Binary", "Ping", "Pong"};
  const std::string shown = event.payload.size() > 60 ? event.payload.substr(0, 60) + "…" : event.payload;
  return out << kNames[static_cast<int>(event.kind)] << "(" << event.payload.size() << " B: " << shown << ")";
}

inline std::ostream& operator<<(std::ostream& out, const Events& events) {
  out << "[";
  for (const Event& event : events) out << " " << event;
  return out << " ]";
}

void AppendUtf8(std::string& to, std::uint32_t point);
std::string Utf16ToUtf8(std::u16string_view text);

class RecordingSink final : public core::EventSink {
 public:
  std::uint8_t* Reserve(std::size_t size) override {
    CheckMemory();
    room_.assign((size + 1) / 2, 0);
    reserved_ = size;
    return reinterpret_cast<std::uint8_t*>(room_.data());
  }

  void Commit(core::MessageKind kind, std::size_t size) override {
    CheckMemory();
    overcommitted_ |= size > reserved_ || reserved_ > 2 * core::kLargeMessage;
    Record(kind, {reinterpret_cast<const std::uint8_t*>(room_.data()), size}, false);
  }

  bool CommitInPlace(core::MessageKind kind, std::span<const std::uint8_t> message) override {
    CheckMemory();
    if (!takes_in_place) return false;
    ++taken_in_place;
    Record(kind, message, false);
    return true;
  }

  void CommitLarge(core::MessageKind kind, core::Payload message) override {
    CheckMemory();
    Record(kind, message.span(), true);
  }

  void ReceivePing(std::span<const std::uint8_t> payload) override {
    CheckMemory();
    events.push_back(Ping(AsString(payload)));
  }
  void ReceivePong(std::span<const std::uint8_t> payload) override {
    CheckMemory();
    events.push_back(Pong(AsString(payload)));
  }

  bool overcommitted() const { return overcommitted_; }

  bool takes_in_place = false;
  std::size_t taken_in_place = 0;
  Events events;
  std::vector<core::MessageKind> kinds;  // of the messages among them
  std::vector<bool> large;
  int calls_until_out_of_memory = -1;  // negative: never

 private:
  void CheckMemory() {
    if (calls_until_out_of_memory == 0) throw std::bad_alloc();
    if (calls_until_out_of_memory > 0) --calls_until_out_of_memory;
  }

  void Record(core::MessageKind kind, std::span<const std::uint8_t> message, bool is_large) {
    kinds.push_back(kind);
    large.push_back(is_large);
    if (kind == core::MessageKind::kBinary) {
      events.push_back(Binary(AsString(message)));
    } else if (kind == core::MessageKind::kAscii) {
      events.push_back(Text(AsString(message)));
    } else {
      events.push_back(Text(Utf16ToUtf8({reinterpret_cast<const char16_t*>(message.data()), message.size() / 2})));
    }
  }

  std::vector<std::uint16_t> room_;
  std::size_t reserved_ = 0;
  bool overcommitted_ = false;
};

}  // namespace hawser::test
