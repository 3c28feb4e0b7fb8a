// ParameterMath in host memory.
#ifndef FCIS_KERNELS_TRAIN_HOST_PARAMETER_MATH_H_
#define FCIS_KERNELS_TRAIN_HOST_PARAMETER_MATH_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {

class HostParameterMath : public ParameterMath {
 public:
  Device device() const override { return Device::kHost; }
  absl::StatusOr<Tensor> Zeros(int64_t n) override;
  absl::Status Fetch(const float* from, int64_t n, float* host) override;
  absl::Status Put(const float* host, int64_t n, float* to) override;
  absl::StatusOr<ParameterFactors> Prepare(
      const OutputFactors* factors) override;
  absl::Status Add(const float* a, const float* b, int64_t n,
                   float* to) override;
  absl::StatusOr<double> SquaredNorm(
      absl::Span<const GradientView> gradients) override;
  absl::Status Sgd(const SgdParams& params,
                   const UpdateArrays& arrays) override;
  absl::Status AdamW(const AdamWParams& params,
                     const UpdateArrays& arrays) override;
  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      SumType type) override;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_HOST_PARAMETER_MATH_H_
