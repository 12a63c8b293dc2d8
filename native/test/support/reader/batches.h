// Batches for tests of what fills, carries and empties them.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include "reader/message_batch.h"
#include "test/support/bytes.h"

namespace hawser::test {

inline void Append(reader::MessageBatch& batch, core::MessageKind kind, std::string_view message) {
  std::uint8_t* room = batch.Reserve(message.size());
  if (!message.empty()) std::memcpy(room, message.data(), message.size());
  batch.Commit({kind}, message.size());
}

inline core::Payload PayloadOf(std::string_view bytes) {
  core::Payload payload(bytes.size());
  std::memcpy(payload.bytes(), bytes.data(), bytes.size());
  payload.set_size(bytes.size());
  return payload;
}

// A batch of ASCII messages.
inline reader::MessageBatch BatchOf(std::initializer_list<std::string> messages) {
  reader::MessageBatch batch;
  for (const std::string& message : messages) Append(batch, core::MessageKind::kAscii, message);
  return batch;
}

}  // namespace hawser::test
