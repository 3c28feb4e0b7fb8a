// What @static_libraries (third_party/static_libraries.bzl) lacks: the objects
// of Abseil and Protobuf that have thread-local variables, and stderr.
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <typeinfo>
#include <utility>

#include "absl/base/internal/sysinfo.h"
#include "absl/container/internal/raw_hash_set.h"
#include "absl/strings/internal/cordz_functions.h"
#include "google/protobuf/arena.h"

// libc's variable begins as the address of this object.
extern "C" {
extern FILE _IO_2_1_stderr_;
FILE* stderr_of_libc = &_IO_2_1_stderr_;
}

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace base_internal {

// Only profiles of locks ask for it.
double NominalCPUFrequency() { return 1; }

int NumCPUs() {
  static const int count =
      static_cast<int>(std::thread::hardware_concurrency());
  return count;
}

pid_t GetTID() { return static_cast<pid_t>(syscall(SYS_gettid)); }

pid_t GetCachedTID() {
  thread_local const pid_t id = GetTID();
  return id;
}

}  // namespace base_internal

// No Cord is profiled.
namespace cord_internal {

constexpr int64_t kSeldom = int64_t{1} << 40;
thread_local int64_t cordz_next_sample = kSeldom;

int32_t get_cordz_mean_interval() { return 0; }
void set_cordz_mean_interval(int32_t /*mean_interval*/) {}
void cordz_set_next_sample_for_testing(int64_t next) {
  cordz_next_sample = next;
}
bool cordz_should_profile_slow() {
  cordz_next_sample = kSeldom;
  return false;
}

}  // namespace cord_internal

// Tables do without the random order that debug builds insert in.
namespace container_internal {

alignas(16) const ctrl_t kEmptyGroup[16] = {
    ctrl_t::kSentinel, ctrl_t::kEmpty, ctrl_t::kEmpty, ctrl_t::kEmpty,
    ctrl_t::kEmpty,    ctrl_t::kEmpty, ctrl_t::kEmpty, ctrl_t::kEmpty,
    ctrl_t::kEmpty,    ctrl_t::kEmpty, ctrl_t::kEmpty, ctrl_t::kEmpty,
    ctrl_t::kEmpty,    ctrl_t::kEmpty, ctrl_t::kEmpty, ctrl_t::kEmpty};

bool ShouldInsertBackwards(size_t /*hash*/, const ctrl_t* /*ctrl*/) {
  return false;
}

void ConvertDeletedToEmptyAndFullToDeleted(ctrl_t* ctrl, size_t capacity) {
  for (ctrl_t* group = ctrl; group < ctrl + capacity; group += Group::kWidth) {
    Group(group).ConvertSpecialToEmptyAndFullToDeleted(group);
  }
  std::memcpy(ctrl + capacity + 1, ctrl, NumClonedBytes());
  ctrl[capacity] = ctrl_t::kSentinel;
}

void HashTableSizeOverflow() { throw std::bad_alloc(); }

template FindInfo find_first_non_full(const ctrl_t*, size_t, size_t);

}  // namespace container_internal
ABSL_NAMESPACE_END
}  // namespace absl

// No message of ours lives in an arena, so that none of these is ever called.
namespace google {
namespace protobuf {
namespace internal {
namespace {

[[noreturn]] void NoArenas() { std::abort(); }

}  // namespace

thread_local ThreadSafeArena::ThreadCache ThreadSafeArena::thread_cache_ = {
    0, static_cast<uint64_t>(-1), nullptr};

ThreadSafeArena::~ThreadSafeArena() { NoArenas(); }
void ThreadSafeArena::Init() { NoArenas(); }
void ThreadSafeArena::InitializeFrom(void*, size_t) { NoArenas(); }
void ThreadSafeArena::InitializeWithPolicy(void*, size_t, AllocationPolicy) {
  NoArenas();
}
uint64_t ThreadSafeArena::Reset() { NoArenas(); }
uint64_t ThreadSafeArena::SpaceAllocated() const { NoArenas(); }
uint64_t ThreadSafeArena::SpaceUsed() const { NoArenas(); }
void ThreadSafeArena::AddCleanup(void*, void (*)(void*)) { NoArenas(); }
void* ThreadSafeArena::AllocateAlignedFallback(size_t, const std::type_info*) {
  NoArenas();
}
std::pair<void*, SerialArena::CleanupNode*>
ThreadSafeArena::AllocateAlignedWithCleanup(size_t, const std::type_info*) {
  NoArenas();
}
void* SerialArena::AllocateAlignedFallback(size_t, const AllocationPolicy*) {
  NoArenas();
}

}  // namespace internal

void* Arena::AllocateAlignedNoHook(size_t) { internal::NoArenas(); }
void* Arena::AllocateAlignedWithHook(size_t, const std::type_info*) {
  internal::NoArenas();
}
void* Arena::AllocateAlignedWithHookForArray(size_t, const std::type_info*) {
  internal::NoArenas();
}
std::pair<void*, internal::SerialArena::CleanupNode*>
Arena::AllocateAlignedWithCleanup(size_t, const std::type_info*) {
  internal::NoArenas();
}

}  // namespace protobuf
}  // namespace google
