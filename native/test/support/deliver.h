// Runs a receiving test once for each way the network may cut the same bytes: whole, one byte at a time, in two at
// every point; each by every path that bytes may come in.
#pragma once

#include <functional>
#include <string_view>

#include "core/error.h"
#include "core/limits.h"
#include "test/support/client.h"

namespace hawser::test {

struct Setup {
  core::Limits limits = {};
  std::function<void(Client&)> before = [](Client&) {};  // runs before the first byte
};
// With permessage-deflate negotiated.
Setup Compressed(const core::Limits& limits = {}, const core::DeflateConfig& config = {});

void Deliver(std::string_view bytes, const std::function<void(Client&)>& check);
void Deliver(const Setup& setup, std::string_view bytes, const std::function<void(Client&)>& check);

// Delivers and expects the connection to fail with `kind`, to have told `events` before, and to send one Close.
void ExpectFailure(std::string_view bytes, core::ErrorKind kind, const Events& events = {});

}  // namespace hawser::test
