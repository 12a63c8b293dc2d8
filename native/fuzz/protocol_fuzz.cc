// Fuzzes a whole connection: what a server sends, cut by sizes that the input itself gives, must tell the same as the
// same bytes in one piece, and what the client answers must be whole frames with at most one Close, as the last.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "test/support/client.h"

namespace {

using namespace hawser;  // NOLINT(google-build-using-namespace)

// The input: a byte of flags, the sizes of the pieces, in turn, and the bytes of the server.
constexpr std::size_t kSizes = 7;
constexpr int kDirect = 1, kCloseSent = 2, kPongsWait = 4, kSmallLimits = 8, kBehind = 16, kCompression = 32,
              kNoTakeover = 64, kSmallWindow = 128;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Prepare(test::Client& client, int flags) {
  const core::DeflateConfig deflate{.server_no_context_takeover = (flags & kNoTakeover) != 0,
                                    .server_max_window_bits = (flags & kSmallWindow) != 0 ? 8 : 15};
  if ((flags & kCompression) != 0) client.protocol.EnableCompression(deflate);
  const std::string ping = std::string("\x89\x7d") + std::string(core::kMaxControlPayload, 'x');
  while ((flags & kPongsWait) != 0 && client.protocol.output().urgent_size() <= core::kPongBacklog)
    client.Receive(ping);
  if ((flags & kCloseSent) != 0) client.protocol.SendClose(core::kNormalClosure, "bye");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 + kSizes) return 0;
  const int flags = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1 + kSizes, size - 1 - kSizes);
  core::Limits limits;
  if ((flags & kSmallLimits) != 0) limits = {.max_message_size = 100, .max_fragment_size = 90, .max_fragments = 3};

  test::Client whole(limits);
  test::Client cut(limits);
  for (test::Client* client : {&whole, &cut}) Prepare(*client, flags);
  whole.Receive(bytes);
  const auto other = (flags & kBehind) != 0 ? test::Path::kBehind : test::Path::kChunk;
  for (std::size_t at = 0, turn = 0; at < bytes.size(); ++turn) {
    const std::string_view piece = bytes.substr(at, std::size_t{1} + data[1 + turn % kSizes]);
    cut.Receive(piece, (flags & kDirect) != 0 ? test::Path::kDirect : other);
    at += piece.size();
  }

  const test::SentFrames sent = whole.Sent();
  const auto close = std::ranges::find(sent, core::Opcode::kClose, &test::SentFrame::opcode);
  Require(whole.protocol.close_sent() ? close == sent.end() - 1 : close == sent.end());
  Require(!whole.sink.overcommitted() && !cut.sink.overcommitted());
  // Whether zlib finds what lies beyond a window that is not the biggest depends on how the bytes come.
  if ((flags & kSmallWindow) != 0) return 0;
  Require(whole.events == cut.events && whole.sink.fragments == cut.sink.fragments &&
          whole.sink.kinds == cut.sink.kinds && whole.sink.large == cut.sink.large);
  Require(whole.ErrorKind() == cut.ErrorKind() && sent == cut.Sent() &&
          whole.protocol.input_done() == cut.protocol.input_done());
  return 0;
}
