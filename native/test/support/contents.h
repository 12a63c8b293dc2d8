// Contents for messages that are compressed: what deflate makes nothing of, and what it likes.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace hawser::test {

// The same in every run.
inline std::string Noise(std::size_t size, unsigned seed = 1) {
  std::minstd_rand random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

inline std::string Prose(std::size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * i) + " of a log, in a few words\n";
  text.resize(size);
  return text;
}

}  // namespace hawser::test
