#include "reader/thread_cpu_time.h"

#if defined(_WIN32)
#include <windows.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <pthread.h>
#else
#include <pthread.h>

#include <ctime>
#endif

namespace hawser::reader {

#if defined(_WIN32)

namespace {

std::uint64_t Nanoseconds(const FILETIME& time) {
  return (std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime) * 100;
}

std::uint64_t TimeOf(HANDLE thread) {
  FILETIME created;
  FILETIME exited;
  FILETIME kernel;
  FILETIME user;
  if (GetThreadTimes(thread, &created, &exited, &kernel, &user) == 0) return 0;
  return Nanoseconds(kernel) + Nanoseconds(user);
}

}  // namespace

std::uint64_t OwnCpuTime() { return TimeOf(GetCurrentThread()); }
std::uint64_t CpuTimeOf(const uv_thread_t& thread) { return TimeOf(thread); }

#elif defined(__APPLE__)

std::uint64_t OwnCpuTime() { return CpuTimeOf(pthread_self()); }

std::uint64_t CpuTimeOf(const uv_thread_t& thread) {
  thread_basic_info info{};
  mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;
  const auto result =
      thread_info(pthread_mach_thread_np(thread), THREAD_BASIC_INFO, reinterpret_cast<thread_info_t>(&info), &count);
  if (result != KERN_SUCCESS) return 0;
  const auto seconds = static_cast<std::uint64_t>(info.user_time.seconds + info.system_time.seconds);
  const auto micros = static_cast<std::uint64_t>(info.user_time.microseconds + info.system_time.microseconds);
  return seconds * 1'000'000'000 + micros * 1'000;
}

#else

namespace {

std::uint64_t Read(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t OwnCpuTime() { return Read(CLOCK_THREAD_CPUTIME_ID); }

std::uint64_t CpuTimeOf(const uv_thread_t& thread) {
  clockid_t clock{};
  return pthread_getcpuclockid(thread, &clock) == 0 ? Read(clock) : 0;
}

#endif

}  // namespace hawser::reader
