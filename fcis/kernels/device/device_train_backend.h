// TrainBackend on a device: the ops as launches of their bodies, on row-major
// feature maps. cpu overrides the ops that it has a faster way for.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_TRAIN_BACKEND_H_
#define FCIS_KERNELS_DEVICE_DEVICE_TRAIN_BACKEND_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

class DeviceTrainBackend : public TrainBackend {
 public:
  // The device is that of `forward`, or outlives the backend; `parameters` are
  // in its memory.
  DeviceTrainBackend(std::unique_ptr<Backend> forward, ComputeDevice* device,
                     std::unique_ptr<ParameterMath> parameters);

  Backend& forward() override { return *forward_; }
  ParameterMath& parameters() override { return *parameters_; }

  absl::Status Combine(const Tensor* gate, const Tensor* other,
                       Tensor* g) override;
  absl::Status ChannelSums(const Tensor& a, const Tensor& b, double* sum,
                           double* product) override;
  absl::StatusOr<Tensor> Affine(const ChannelAffine& affine, const Tensor& x,
                                const Tensor* other) override;
  absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                         const Tensor& x,
                                         const Tensor& gy) override;
  absl::Status PsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                                 const Tensor& gy, Tensor* gmaps) override;
  absl::Status PsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                                  const Tensor& rois, const Tensor& gscores,
                                  const Tensor& classes, const Tensor& gpairs,
                                  Tensor* gmaps) override;
  absl::Status RpnLoss(const RpnLossParams& params, RpnLossArrays* arrays,
                       Tensor* terms) override;
  absl::Status HeadLoss(const HeadLossParams& params, HeadLossArrays* arrays,
                        Tensor* terms) override;

 private:
  const std::unique_ptr<Backend> forward_;
  ComputeDevice* const device_;
  const std::unique_ptr<ParameterMath> parameters_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_TRAIN_BACKEND_H_
