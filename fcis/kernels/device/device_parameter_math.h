// ParameterMath on a device that is not the host, by bodies (update_bodies.h).
#ifndef FCIS_KERNELS_DEVICE_DEVICE_PARAMETER_MATH_H_
#define FCIS_KERNELS_DEVICE_DEVICE_PARAMETER_MATH_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {

// One factor per segment, on the device; empty where all are 1. Segments are
// CHECKed to have one factor each.
absl::StatusOr<Tensor> SegmentFactors(const OutputFactors& factors,
                                      ComputeDevice* device);

// The factors that were prepared so.
FactorOf FactorsIn(const ParameterFactors& factors);

class DeviceParameterMath : public ParameterMath {
 public:
  // The device outlives it.
  explicit DeviceParameterMath(ComputeDevice* device) : device_(device) {}

  Device device() const override { return device_->type(); }
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

 private:
  ComputeDevice* const device_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_PARAMETER_MATH_H_
