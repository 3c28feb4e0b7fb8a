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

// While one lives, ParallelFor runs in the thread that made it alone: for
// threads that work side by side themselves. Not to be nested.
class SerialScope {
 public:
  SerialScope();
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;
};

// Threads that a ParallelFor called here would use, >= 1.
int NumThreads();

// Calls body(begin, end) on disjoint ranges that cover [0, n), each a multiple
// of `grain` long but the last. n <= 0: nothing is called. Ranges are handed
// out as threads become free: a result must not depend on which thread or in
// which order a range runs. Nested calls run in the calling thread.
void ParallelFor(int64_t n, int64_t grain,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body);

}  // namespace fcis

#endif  // FCIS_CORE_BASE_PARALLEL_H_
