// thread_team.h for libfcis.so: a library must not take the place of libgomp
// for the rest of the process, as thread_team.cc does in our programs.
//
// In a ThreadsScope, as around a detection, teams are OpenMP's threads: two
// sets of threads, ours and oneDNN's, would fight for the cores. Elsewhere no
// layer follows for which libgomp's threads could spin, some milliseconds each
// time, and teams are threads that end with their work.
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "fcis/core/base/thread_team.h"

// Those of libgomp, not thread_team.cc's of the same names.
__asm__(".symver GOMP_parallel, GOMP_parallel@GOMP_4.0");
__asm__(".symver omp_get_max_threads, omp_get_max_threads@OMP_1.0");
__asm__(".symver omp_get_num_threads, omp_get_num_threads@OMP_1.0");
__asm__(".symver omp_get_thread_num, omp_get_thread_num@OMP_1.0");
__asm__(".symver omp_in_parallel, omp_in_parallel@OMP_1.0");
__asm__(".symver omp_set_num_threads, omp_set_num_threads@OMP_1.0");

namespace fcis {
namespace {

thread_local TeamPlace place;

void Do(int member, int members, absl::FunctionRef<void(int)> body) {
  const absl::Cleanup back = [before = place] { place = before; };
  place = {member, members};
  body(member);
}

// Nothing may be thrown out of a parallel region; the first exception is kept.
void DoAndCatch(int member, int members, absl::FunctionRef<void(int)> body,
                std::exception_ptr* thrown) {
  static std::mutex mutex;
  try {
    Do(member, members, body);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!*thrown) *thrown = std::current_exception();
  }
}

// Threads that come late find nothing to do, and when all is done no more are
// started.
void RunThreads(int members, absl::FunctionRef<void(int)> body,
                std::exception_ptr* thrown) {
  std::atomic<int> next{1};
  const auto help = [&] {
    for (int member; (member = next.fetch_add(1)) < members;) {
      DoAndCatch(member, members, body, thrown);
    }
  };
  std::vector<std::thread> helpers;
  const absl::Cleanup join = [&] {
    for (std::thread& helper : helpers) helper.join();
  };
  try {
    for (int i = 1; i < members && next < members; ++i) {
      helpers.emplace_back(help);
    }
  } catch (const std::exception&) {
    // No more memory or threads: those that there are do it all.
  }
  DoAndCatch(0, members, body, thrown);
  help();
}

void RunOpenMp(int members, absl::FunctionRef<void(int)> body,
               std::exception_ptr* thrown) {
#pragma omp parallel num_threads(members)
  {
    // OpenMP may give fewer threads.
    for (int member = omp_get_thread_num(); member < members;
         member += omp_get_num_threads()) {
      DoAndCatch(member, members, body, thrown);
    }
  }
}

// A child of fork() has its parent's threads in libgomp's books only, and would
// wait for them for ever: teams belong to the first process that has one.
bool InProcessOfTeams() {
  static std::atomic<pid_t> first{0};
  pid_t owner = 0;
  const pid_t self = getpid();
  return first.compare_exchange_strong(owner, self) || owner == self;
}

}  // namespace

int TeamSize(int wanted) {
  return wanted > 1 && InProcessOfTeams() ? std::min(wanted, kMaxTeam) : 1;
}

int TellOpenMp(int threads) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads);
  return before;
}

TeamPlace CurrentPlace() { return place; }

bool InTeam() { return place.members > 1 || omp_in_parallel() != 0; }

void RunTeam(int members, absl::FunctionRef<void(int)> body) {
  if (members > 1 && InTeam()) members = 1;
  if (members == 1 || TeamSize(members) == 1) {
    for (int member = 0; member < members; ++member) Do(member, members, body);
    return;
  }
  std::exception_ptr thrown;
  if (InThreadsScope()) {
    RunOpenMp(members, body, &thrown);
  } else {
    RunThreads(members, body, &thrown);
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace fcis
