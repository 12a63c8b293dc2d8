#include "reader/reader.h"

#include <algorithm>
#include <new>
#include <utility>

#include "reader/loop.h"

namespace hawser::reader {

core::CloseOutcome FailedReader(const std::exception& error) noexcept {
  core::CloseOutcome outcome;
  outcome.cause = core::CloseCause::kInternal;
  try {
    outcome.detail = error.what();
  } catch (const std::bad_alloc&) {
    // The cause says enough.
  }
  return outcome;
}

Reader::Reader(SessionConfig config, std::unique_ptr<Bell> bell)
    : config_(std::move(config)), delivery_(config_.marks), bell_(std::move(bell)) {
  thread_.Start([this] { return Run(); });
}

Reader::~Reader() {
  if (joined()) return;
  Terminate();
  (void)Join();
}

// What goes on is counted up to now, and may have come to its end a moment before: what was told once is the least that
// is told from then on.
ReaderStats Reader::Stats() {
  ReaderStats stats{.session = delivery_.stats(), .queue = delivery_.queue_stats(), .latency = delivery_.latency()};
  paused_for_ = std::max(paused_for_, stats.session.PausedUntil(uv_hrtime()));
  cpu_time_ = std::max(cpu_time_, CpuTime());
  stats.paused_for = paused_for_;
  stats.cpu_time = cpu_time_;
  return stats;
}

// A thread that has announced its end may be gone, and its number another's.
std::uint64_t Reader::CpuTime() {
  const std::uint64_t running = delivery_.finished() ? 0 : thread_.CpuTime();
  return delivery_.finished() ? delivery_.stats().cpu_time : running;
}

core::CloseOutcome Reader::Run() noexcept {
  const CountLiveReader live;
  core::CloseOutcome outcome;
  try {
    outcome = RunSession();
  } catch (const std::exception& error) {
    outcome = FailedReader(error);
    commands_.Close();
  }
  // Every handle is closed and every message published: the end may be seen.
  config_.delays.Wait(TestPoint::kBeforeAnnounce);
  delivery_.Finish();
  bell_->Ring(kReadyFinished);
  config_.delays.Wait(TestPoint::kBeforeReturn);
  return outcome;
}

core::CloseOutcome Reader::RunSession() {
  Loop loop;
  uv_async_t wake;
  Session session(loop, config_, commands_, delivery_, *bell_, [&] {
    commands_.Close();
    uv_close(reinterpret_cast<uv_handle_t*>(&wake), nullptr);
  });
  wake.data = &session;
  if (const int error = uv_async_init(loop.uv(), &wake,
                                      [](uv_async_t* async) { static_cast<Session*>(async->data)->ExecuteCommands(); });
      error != 0) {
    throw std::system_error(-error, std::generic_category(), "cannot make an event loop");
  }
  session.Begin();
  commands_.Open(&wake);
  loop.Run();
  return std::move(session).TakeOutcome();
}

}  // namespace hawser::reader
