#include "test/support/deliver.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace hawser::test {
namespace {

// Longer inputs are cut in two at about this many points instead of all.
constexpr std::size_t kMaxSplits = 600;

struct Cut {
  std::size_t first;  // bytes in the first piece
  std::size_t rest;   // and in each that follows
  Path path;
};

void RunOnce(const Setup& setup, std::string_view bytes, const Cut& cut, const std::function<void(Client&)>& check) {
  INFO("cut after ", cut.first, " bytes, then every ", cut.rest, ", path ", static_cast<int>(cut.path));
  Client client(setup.limits);
  setup.before(client);
  std::size_t piece = cut.first;
  while (!bytes.empty()) {
    client.Receive(bytes.substr(0, piece), cut.path);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    piece = cut.rest;
  }
  CHECK_FALSE(client.sink.overcommitted());
  check(client);
}

}  // namespace

Setup Compressed(const core::Limits& limits, const core::DeflateConfig& config) {
  return {.limits = limits, .before = [config](Client& client) { client.protocol.EnableCompression(config); }};
}

void Deliver(const Setup& setup, std::string_view bytes, const std::function<void(Client&)>& check) {
  const std::size_t size = std::max<std::size_t>(bytes.size(), 1);
  for (const Path path : {Path::kChunk, Path::kDirect, Path::kBehind}) {
    RunOnce(setup, bytes, {size, size, path}, check);
    RunOnce(setup, bytes, {1, 1, path}, check);
    for (std::size_t split = 1; split < size; split += 1 + size / kMaxSplits) {
      RunOnce(setup, bytes, {split, size, path}, check);
    }
  }
}

void Deliver(std::string_view bytes, const std::function<void(Client&)>& check) { Deliver(Setup{}, bytes, check); }

void ExpectFailure(std::string_view bytes, core::ErrorKind kind, const Events& events) {
  Deliver(bytes, [&](Client& client) {
    CHECK(client.ErrorKind() == kind);
    CHECK(client.protocol.input_done());
    CHECK(client.events == events);
    CHECK(client.Sent() == SentFrames{SentClose(core::CloseCodeFor(kind), core::Describe(kind))});
  });
}

}  // namespace hawser::test
