// Remembers what a protocol tells its host. Text is kept as UTF-8 again, so that tests name it as they sent it; the
// fragments of a message are put together, and remembered apart as well.
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
  bool more = false;  // a fragment that others follow

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
  return out << kNames[static_cast<int>(event.kind)] << "(" << event.payload.size() << " B: " << shown
             << (event.more ? ", more)" : ")");
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

  void Commit(core::MessageForm form, std::size_t size) override {
    CheckMemory();
    overcommitted_ |= size > reserved_ || reserved_ > 2 * core::kLargeMessage;
    Record(form, {reinterpret_cast<const std::uint8_t*>(room_.data()), size}, false);
  }

  bool CommitInPlace(core::MessageForm form, std::span<const std::uint8_t> message) override {
    CheckMemory();
    if (!takes_in_place) return false;
    ++taken_in_place;
    Record(form, message, false);
    return true;
  }

  void CommitLarge(core::MessageForm form, core::Payload message) override {
    CheckMemory();
    Record(form, message.span(), true);
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
  Events fragments;                      // of all data frames
  std::vector<core::MessageKind> kinds;  // of these
  std::vector<bool> large;
  int calls_until_out_of_memory = -1;  // negative: never

 private:
  void CheckMemory() {
    if (calls_until_out_of_memory == 0) throw std::bad_alloc();
    if (calls_until_out_of_memory > 0) --calls_until_out_of_memory;
  }

  void Record(core::MessageForm form, std::span<const std::uint8_t> message, bool is_large) {
    kinds.push_back(form.kind);
    large.push_back(is_large);
    fragments.push_back(ToEvent(form, message));
    const Event& fragment = fragments.back();
    if (in_message_) {
      unfinished_.payload += fragment.payload;
    } else {
      unfinished_ = {fragment.kind, fragment.payload};
    }
    in_message_ = form.more;
    if (!in_message_) events.push_back(unfinished_);
  }

  static Event ToEvent(core::MessageForm form, std::span<const std::uint8_t> message) {
    switch (form.kind) {
      case core::MessageKind::kBinary:
        return {Event::Kind::kBinary, AsString(message), form.more};
      case core::MessageKind::kAscii:
        return {Event::Kind::kText, AsString(message), form.more};
      case core::MessageKind::kUtf16:
        break;
    }
    return {Event::Kind::kText, Utf16ToUtf8({reinterpret_cast<const char16_t*>(message.data()), message.size() / 2}),
            form.more};
  }

  Event unfinished_{Event::Kind::kText, {}};
  bool in_message_ = false;
  std::vector<std::uint16_t> room_;
  std::size_t reserved_ = 0;
  bool overcommitted_ = false;
};

}  // namespace hawser::test
