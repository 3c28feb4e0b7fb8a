#include "fcis/core/base/parallel.h"

#include <algorithm>
#include <atomic>

#include "fcis/core/base/default_threads.h"
#include "fcis/core/base/thread_team.h"

namespace fcis {
namespace {

std::atomic<int> set_threads{0};
thread_local int in_scope = 0;  // threads of a ThreadsScope; 0: none

}  // namespace

void SetNumThreads(int n) {
  if (n <= 0) n = DefaultThreads(FindThreadLimits());
  set_threads.store(std::min(n, kMaxTeam));
}

ThreadsScope::ThreadsScope(int threads)
    : before_(TellOpenMp(TeamSize(threads))) {
  in_scope = TeamSize(threads);
}

ThreadsScope::~ThreadsScope() {
  TellOpenMp(before_);
  in_scope = 0;
}

bool InThreadsScope() { return in_scope > 0; }

int NumThreads() {
  if (in_scope > 0) return in_scope;
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

void ParallelForParts(
    int64_t n, int64_t grain,
    absl::FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (n <= 0) return;
  grain = std::max<int64_t>(1, grain);
  const int64_t blocks = (n - 1) / grain + 1;
  const int threads = static_cast<int>(std::min<int64_t>(NumThreads(), blocks));
  RunTeam(threads, [&](int member) {
    const int64_t members = CurrentPlace().members;
    const int64_t begin = blocks * member / members * grain;
    const int64_t end = blocks * (member + 1) / members * grain;
    body(begin, std::min(n, end));
  });
}

}  // namespace fcis
