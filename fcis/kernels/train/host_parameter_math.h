// ParameterMath in host memory, where factors may be of each element, not of
// segments alone.
#ifndef FCIS_KERNELS_TRAIN_HOST_PARAMETER_MATH_H_
#define FCIS_KERNELS_TRAIN_HOST_PARAMETER_MATH_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {

class HostParameterMath : public ParameterMath {
 public:
  HostParameterMath();

  absl::StatusOr<ParameterFactors> Prepare(
      const OutputFactors* factors) override;
  absl::StatusOr<double> SquaredNorm(
      absl::Span<const GradientView> gradients) override;
  absl::Status Sgd(const SgdParams& params,
                   const UpdateArrays& arrays) override;
  absl::Status AdamW(const AdamWParams& params,
                     const UpdateArrays& arrays) override;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_HOST_PARAMETER_MATH_H_
