#include "fcis/core/base/parallel.h"

#include <algorithm>
#include <atomic>

#include "fcis/core/base/default_threads.h"
#include "fcis/core/base/thread_team.h"

namespace fcis {
namespace {

std::atomic<int> set_threads{0};
thread_local bool serial = false;

}  // namespace

void SetNumThreads(int n) {
  if (n <= 0) n = DefaultThreads(FindThreadLimits());
  set_threads.store(std::min(n, kMaxTeam));
}

SerialScope::SerialScope() { serial = true; }
SerialScope::~SerialScope() { serial = false; }

int NumThreads() {
  if (serial) return 1;
  if (set_threads.load() == 0) SetNumThreads(0);
  return set_threads.load();
}

void ParallelFor(int64_t n, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (n <= 0) return;
  grain = std::max<int64_t>(1, grain);
  const int64_t blocks = (n - 1) / grain + 1;
  std::atomic<int64_t> next{0};
  const int threads = static_cast<int>(std::min<int64_t>(NumThreads(), blocks));
  RunTeam(threads, [&](int) {
    for (int64_t b; (b = next.fetch_add(1)) < blocks;) {
      body(b * grain, std::min(n, (b + 1) * grain));
    }
  });
}

}  // namespace fcis

// What oneDNN asks of libgomp, which it was built for. A program's own symbols
// come before those of shared libraries: oneDNN's parallel regions are teams
// too. kernels/cpu:dnnl_threads_test checks that it asks for nothing else.
extern "C" {

void GOMP_parallel(void (*body)(void*), void* data, unsigned members,
                   unsigned /*flags*/) {
  fcis::RunTeam(members == 0 ? fcis::NumThreads()
                             : std::min<int>(members, fcis::kMaxTeam),
                [&](int) { body(data); });
}

void GOMP_barrier() { fcis::TeamBarrier(); }
int omp_get_max_threads() { return fcis::NumThreads(); }
int omp_get_num_threads() { return fcis::CurrentPlace().members; }
int omp_get_thread_num() { return fcis::CurrentPlace().member; }
int omp_in_parallel() { return fcis::InTeam(); }

}  // extern "C"
