// ParameterMath: the memory where a backend keeps what training changes
// (weights, biases, their gradients and moments, all f32), and what is computed
// there. Pointers are into that memory unless called host.
#ifndef FCIS_KERNELS_TRAIN_PARAMETER_MATH_H_
#define FCIS_KERNELS_TRAIN_PARAMETER_MATH_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/output_factors.h"
#include "fcis/kernels/train/update_rules.h"

namespace fcis::kernels {

class ComputeDevice;

// The factor of each element of a parameter.
struct ParameterFactors {
  const OutputFactors* factors = nullptr;  // outlives it
  Tensor prepared;                         // ParameterMath::Prepare's
};

// The elements of what Zeros made.
inline float* Floats(Tensor* t) {
  return static_cast<float*>(t->mutable_raw());
}

// What an optimiser's step works on.
struct UpdateArrays {
  // The gradient is multiplied by its factors and by `clip`.
  const ParameterFactors* factors = nullptr;
  float clip = 1;
  const float* gradient = nullptr;
  float* value = nullptr;
  float* first = nullptr;    // the moments
  float* second = nullptr;   // AdamW
  float* average = nullptr;  // null: no average is kept
  float average_decay = 0;
};

struct GradientView {
  const ParameterFactors* factors = nullptr;
  const float* gradient = nullptr;
};

// On a device, by bodies (bodies/update_bodies.h). The host has faster ways for
// some of it (host_parameter_math.h).
class ParameterMath {
 public:
  // The device outlives it.
  explicit ParameterMath(ComputeDevice* device) : device_(device) {}
  virtual ~ParameterMath() = default;

  Device device() const;

  absl::StatusOr<Tensor> Zeros(int64_t n);
  // Copies. The first waits for what computes `from`.
  absl::Status Fetch(const float* from, int64_t n, float* host);
  absl::Status Put(const float* host, int64_t n, float* to);

  // For the memory's device. A layout of a device's has one factor per segment.
  virtual absl::StatusOr<ParameterFactors> Prepare(
      const OutputFactors* factors);

  // to = a + b; the arrays may be the same.
  absl::Status Add(const float* a, const float* b, int64_t n, float* to);
  // Of factor * gradient over all gradients, in double. Not finite where one is
  // not.
  virtual absl::StatusOr<double> SquaredNorm(
      absl::Span<const GradientView> gradients);
  // One step; the same bits for any number of threads.
  virtual absl::Status Sgd(const SgdParams& params, const UpdateArrays& arrays);
  virtual absl::Status AdamW(const AdamWParams& params,
                             const UpdateArrays& arrays);

  // Sums of f32 arrays over the processes of `job`, which outlives them.
  // Errors: InvalidArgument for a type that only GPUs sum.
  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      SumType type);

 private:
  ComputeDevice* const device_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_PARAMETER_MATH_H_
