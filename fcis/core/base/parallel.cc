#include "fcis/core/base/parallel.h"

#include <algorithm>
#include <atomic>

#if defined(_OPENMP)
#include <omp.h>
#endif
#include <sched.h>

namespace fcis {
namespace {

std::atomic<int> default_threads{0};
thread_local bool serial = false;

}  // namespace

int AvailableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

void SetNumThreads(int n) {
  if (n <= 0) n = AvailableCores();
  default_threads.store(n);
#if defined(_OPENMP)
  omp_set_num_threads(n);
#endif
}

SerialScope::SerialScope() { serial = true; }
SerialScope::~SerialScope() { serial = false; }

int NumThreads() {
  if (serial) return 1;
#if defined(_OPENMP)
  const int n = default_threads.load();
  return n > 0 ? n : std::max(1, omp_get_max_threads());
#else
  return 1;
#endif
}

void ParallelFor(int64_t n, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (n <= 0) return;
  grain = std::max<int64_t>(1, grain);
  const int64_t blocks = (n - 1) / grain + 1;
#if defined(_OPENMP)
  const int threads = static_cast<int>(std::min<int64_t>(NumThreads(), blocks));
  if (threads > 1 && !omp_in_parallel()) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t b = 0; b < blocks; ++b) {
      body(b * grain, std::min(n, (b + 1) * grain));
    }
    return;
  }
#endif
  for (int64_t b = 0; b < blocks; ++b) {
    body(b * grain, std::min(n, (b + 1) * grain));
  }
}

}  // namespace fcis
