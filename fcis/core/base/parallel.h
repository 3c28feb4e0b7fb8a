// The one way our own loops use several threads. oneDNN works on the same ones
// (thread_team.h), so that the two never compete for cores.
#ifndef FCIS_CORE_BASE_PARALLEL_H_
#define FCIS_CORE_BASE_PARALLEL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace fcis {

// Sets the threads that ParallelFor and oneDNN use from now on. n <= 0: what
// default_threads.h finds, as in a program that never calls this.
void SetNumThreads(int n);

// While one lives, ParallelFor and oneDNN use so many threads (>= 1) where the
// thread that made it calls them. Not to be nested.
class ThreadsScope {
 public:
  explicit ThreadsScope(int threads);
  ~ThreadsScope();
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;

 private:
  const int before_;
};

// The calling thread alone: for threads that work side by side themselves.
class SerialScope : public ThreadsScope {
 public:
  SerialScope() : ThreadsScope(1) {}
};

// Threads that a ParallelFor called here would use, >= 1.
int NumThreads();

// Calls body(begin, end) on disjoint ranges that cover [0, n), each a multiple
// of `grain` long but the last. n <= 0: nothing is called. Ranges are handed
// out as threads become free: a result must not depend on which thread or in
// which order a range runs. Nested calls run in the calling thread.
void ParallelFor(int64_t n, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body);

// The same for each(i), i in [0, n), where there is nothing to do for a range.
template <typename Index, typename Each>
void ParallelForEach(Index n, int64_t grain, const Each& each) {
  ParallelFor(static_cast<int64_t>(n), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) each(static_cast<Index>(i));
  });
}

// ParallelFor, but each thread gets one range of about as many blocks of
// `grain`, the first thread the first: what is done to parts of one array after
// another finds them in the cache of the same core.
void ParallelForParts(int64_t n, int64_t grain,
                      absl::FunctionRef<void(int64_t begin, int64_t end)> body);

}  // namespace fcis

#endif  // FCIS_CORE_BASE_PARALLEL_H_
