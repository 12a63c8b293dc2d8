// How long threads have used a processor, in nanoseconds. Any thread.
#pragma once

#include <uv.h>

#include <cstdint>

namespace hawser::reader {

std::uint64_t OwnCpuTime();
// Of a thread that has not returned; some other thread's, or 0, if it has.
std::uint64_t CpuTimeOf(const uv_thread_t& thread);

}  // namespace hawser::reader
