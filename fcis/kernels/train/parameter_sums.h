// ParameterSums: sums over processes of arrays in the memory of a
// ParameterMath.
#ifndef FCIS_KERNELS_TRAIN_PARAMETER_SUMS_H_
#define FCIS_KERNELS_TRAIN_PARAMETER_SUMS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace fcis {

// What travels; values and sums are f32 arrays all the same.
enum class SumType {
  kF32,
  // Values and partial sums are rounded to bf16: half of the bytes. With f32's
  // range nothing overflows that f32 would hold; with 8 bits the sum of n
  // processes is off by at most n * 2^-8 of the sum of the absolute values.
  kBF16,
};

class ParameterSums {
 public:
  virtual ~ParameterSums() = default;

  // Begins to sum n values in place, after what was computed on them before.
  // They must not be touched until Finish. Several sums may be under way; all
  // processes start them in the same order. The same bits in all processes, and
  // for the same number of processes.
  virtual absl::Status Start(float* values, int64_t n) = 0;
  // Lets the sums under way go on; to be called between other work.
  virtual absl::Status Progress() = 0;
  // Returns when all sums are there. Errors: of any of them.
  virtual absl::Status Finish() = 0;
};

}  // namespace fcis

#endif  // FCIS_KERNELS_TRAIN_PARAMETER_SUMS_H_
