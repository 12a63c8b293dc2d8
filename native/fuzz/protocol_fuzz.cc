// Fuzzes a whole connection: what a server sends, cut by sizes that the input itself gives, must tell the same as the
// same bytes in one piece, and what the client answers must be whole frames with at most one Close, as the last.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "test/support/client.h"

namespace {

using namespace hawser;  // NOLINT(google-build-using-namespace)

// The input: a byte of flags, the sizes of the pieces, in turn, and the bytes of the server.
constexpr std::size_t kSizes = 7;
enum Flag : std::uint8_t { kDirect = 1, kCloseSent = 2, kPongsWait = 4, kSmallLimits = 8, kBehind = 16 };

void Require(bool holds) {
  if (!holds) std::abort();
}

void Prepare(test::Client& client, std::uint8_t flags) {
  const std::string ping = std::string("\x89\x7d") + std::string(core::kMaxControlPayload, 'x');
  while ((flags & kPongsWait) != 0 && client.protocol.output().urgent_size() <= core::kPongBacklog)
    client.Receive(ping);
  if ((flags & kCloseSent) != 0) client.protocol.SendClose(core::kNormalClosure, "bye");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 + kSizes) return 0;
  const std::uint8_t flags = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1 + kSizes, size - 1 - kSizes);
  core::Limits limits;
  if ((flags & kSmallLimits) != 0) limits = {.max_message_size = 100, .max_fragments = 3};

  test::Client whole(limits);
  Prepare(whole, flags);
  whole.Receive(bytes);

  test::Client cut(limits);
  const auto path = (flags & kDirect) != 0   ? test::Path::kDirect
                    : (flags & kBehind) != 0 ? test::Path::kBehind
                                             : test::Path::kChunk;
  Prepare(cut, flags);
  for (std::size_t at = 0, turn = 0; at < bytes.size(); ++turn) {
    const std::string_view piece = bytes.substr(at, std::size_t{1} + data[1 + turn % kSizes]);
    cut.Receive(piece, path);
    at += piece.size();
  }

  Require(whole.events == cut.events && whole.sink.fragments == cut.sink.fragments &&
          whole.sink.kinds == cut.sink.kinds && whole.sink.large == cut.sink.large);
  Require(whole.ErrorKind() == cut.ErrorKind() && whole.protocol.input_done() == cut.protocol.input_done());
  const test::SentFrames sent = whole.Sent();
  Require(sent == cut.Sent() && !whole.sink.overcommitted() && !cut.sink.overcommitted());
  const auto close = std::ranges::find(sent, core::Opcode::kClose, &test::SentFrame::opcode);
  Require(whole.protocol.close_sent() ? close == sent.end() - 1 : close == sent.end());
  return 0;
}
