// UTF-8 as RFC 3629 and RFC 6455 §8.1 want it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hawser::core {

// Whether every byte is below 0x80.
bool IsAscii(std::span<const std::uint8_t> bytes);

// Validates and transcodes one whole text in a single pass. `to` has room for `utf8.size()` code units, all of
// which may be written to. Returns the code units of the text, or nothing if it is not UTF-8.
std::optional<std::size_t> Utf8ToUtf16(std::span<const std::uint8_t> utf8, char16_t* to);

// Validates a text that arrives in pieces cut anywhere, and fails at the first byte that no valid text can
// have there (fail fast, §8.1), also inside a code point.
class Utf8Validator {
 public:
  // False once the text is invalid; stays false until Reset.
  bool Validate(std::span<const std::uint8_t> piece);
  // Whether the text so far ends on a code point's border.
  bool Complete() const { return valid_ && pending_ == 0; }
  // After valid pieces that `text` ends: how many of its last bytes begin a code point that is not whole.
  std::size_t Unfinished(std::span<const std::uint8_t> text) const;
  // Whether every byte so far was ASCII.
  bool ascii() const { return ascii_; }
  void Reset() { *this = Utf8Validator(); }

 private:
  bool Step(std::uint8_t byte);
  bool Lead(std::uint8_t byte);

  std::uint8_t pending_ = 0;  // continuation bytes the current code point still needs
  std::uint8_t low_ = 0;      // the next of them lies between these two
  std::uint8_t high_ = 0;
  bool valid_ = true;
  bool ascii_ = true;
};

}  // namespace hawser::core
