// What a session does when JavaScript asks for it.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include "reader/send_record.h"
#include "reader/session.h"

namespace hawser::reader {

namespace {

constexpr int kCommandRounds = 8;

}  // namespace

// Whatever a command does to the connection, the next one is looked at: it may be to terminate it. A sender that never
// stops must not keep the reader from reading: after some rounds the loop turns first.
void Session::ExecuteCommands() noexcept {
  for (int rounds = kCommandRounds; commands_.Take(taken_);) {
    for (Command& command : taken_) {
      if (phase_ >= Phase::kEnding) break;
      Guard([&] { std::visit([this](auto& one) { Execute(one); }, command); });
    }
    Guard([this] {
      if (phase_ < Phase::kEnding && transport_) WriteOutput();
    });
    if (--rounds == 0) return commands_.LookAgain();
    // Who sends without pause has sent more when this thread comes back: fewer, larger writes. Costs next to nothing on
    // a core that nobody else wants.
    if (phase_ == Phase::kOpen && !ReplyIsLikely()) std::this_thread::yield();
  }
}

void Session::Execute(WriteBytes& command) {
  if (phase_ != Phase::kHandshake) return;
  // They would go out in the clear.
  if (securing_) throw std::logic_error("bytes to write before TLS is established");
  std::copy(command.bytes.begin(), command.bytes.end(), protocol_.output().Append(command.bytes.size(), 0));
}

void Session::Execute(ReadHead& command) {
  handshake_.RequestHead(command.limit);
  AnswerHandshake();
}

void Session::Execute(ReadSome& command) {
  handshake_.RequestSome(command.limit);
  AnswerHandshake();
}

void Session::Execute(Secure& command) {
  if (phase_ != Phase::kHandshake) return;
  securing_ = std::move(command);
  WriteOutput();
  MaybeSecure();
}

void Session::Execute(Start& command) {
  if (phase_ != Phase::kHandshake) return;
  if (command.deflate) protocol_.EnableCompression(*command.deflate);
  phase_ = Phase::kOpen;
  deadline_.Stop();
  keepalive_.Start();
  input_.Receive(handshake_.TakeRest());
  AfterInput();
  UpdateReading();
  ObeyMarks();
}

void Session::Execute(SendRecords& command) {
  from_consumer_.OnReply();
  from_peer_.OnTold();
  AwaitReply();
  RecordReader records(command.records);
  SendRecord record;
  while (records.Next(record)) {
    switch (record.type) {
      case RecordType::kText:
      case RecordType::kBinary:
        if (protocol_.SendMessage(record.message, record.payload)) unwritten_payload_ += record.payload.size();
        break;
      case RecordType::kPing: {
        std::uint32_t id = 0;
        std::memcpy(&id, record.payload.data(), sizeof id);
        const auto payload = record.payload.subspan(sizeof id);
        if (protocol_.SendPing(payload)) keepalive_.AddPing(id, payload);
        break;
      }
      case RecordType::kPong:
        protocol_.SendPong(record.payload);
        break;
    }
  }
}

void Session::Execute(SendLarge& command) {
  const std::uint64_t size = command.payload.size();
  if (protocol_.SendLargeMessage(command.message, std::move(command.payload))) unwritten_payload_ += size;
}

void Session::Execute(NotifyDrained&) {
  drained_wanted_ = true;
  MaybeTellDrained();
}

void Session::Execute(Resume&) {
  // A mark may have been passed again while the command was on its way; another Resume then follows.
  if (!paused_ || delivery_.paused()) return;
  paused_ = false;
  stats_.Resume(uv_hrtime());
  keepalive_.OnResume();
  UpdateReading();
}

void Session::Execute(CloseConnection& command) {
  config_.delays.Wait(TestPoint::kAfterCloseCommand);
  if (phase_ != Phase::kOpen) {
    Blame(core::CloseCause::kTerminated);
    return End();
  }
  protocol_.SendClose(command.code, command.reason);
  AfterInput();
}

void Session::Execute(FailConnection& command) {
  if (phase_ != Phase::kOpen) return;
  protocol_.Fail(command.code, command.reason);
  AfterInput();
}

void Session::Execute(Terminate&) {
  Blame(core::CloseCause::kTerminated);
  End();
}

}  // namespace hawser::reader
