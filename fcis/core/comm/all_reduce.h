// AllReduce: sums over the processes of a job of arrays in one memory, the
// host's or a GPU's, while other work goes on.
#ifndef FCIS_CORE_COMM_ALL_REDUCE_H_
#define FCIS_CORE_COMM_ALL_REDUCE_H_

#include <cstdint>

#include "absl/status/status.h"

namespace fcis {

// What travels when f32 arrays are summed.
enum class SumType {
  kF32,
  // Values and partial sums are rounded to bf16: half of the bytes. With f32's
  // range nothing overflows that f32 would hold; with 8 bits the sum of n
  // processes is off by at most n * 2^-8 of the sum of the absolute values.
  kBF16,
};

class AllReduce {
 public:
  virtual ~AllReduce() = default;

  // Begins to sum n values in place, after what was computed on them before.
  // They are of the type and in the memory that the sums are made for, and must
  // not be touched until Finish. Several sums may be under way; all processes
  // start them in the same order. The same bits in all processes, and for the
  // same number of processes.
  virtual absl::Status Start(void* values, int64_t n) = 0;
  // Lets the sums under way go on; to be called between other work.
  virtual absl::Status Progress() = 0;
  // Returns when all sums are there. Errors: of any of them.
  virtual absl::Status Finish() = 0;
};

}  // namespace fcis

#endif  // FCIS_CORE_COMM_ALL_REDUCE_H_
