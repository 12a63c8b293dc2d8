// A leaf mutex that Clang's thread-safety analysis understands. Held for a swap or a few stores, never across
// a call-out; the one exception (CommandQueue's kick) says why where it stands.
#pragma once

#include <mutex>

#if defined(__clang__)
#define HAWSER_TSA(x) __attribute__((x))
#else
#define HAWSER_TSA(x)
#endif

#define HAWSER_GUARDED_BY(mutex) HAWSER_TSA(guarded_by(mutex))

namespace hawser::reader {

class HAWSER_TSA(capability("mutex")) Mutex {
 public:
  void Lock() HAWSER_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() HAWSER_TSA(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class HAWSER_TSA(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) HAWSER_TSA(acquire_capability(mutex)) : mutex_(mutex) { mutex_.Lock(); }
  ~Lock() HAWSER_TSA(release_capability()) { mutex_.Unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace hawser::reader
