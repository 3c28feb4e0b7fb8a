// The backend of a device: the ops as launches of their bodies, convolutions by
// an engine. ref, cuda and the tests' emulated GPU are this class; cpu
// overrides the ops that it has a faster way for.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_BACKEND_H_
#define FCIS_KERNELS_DEVICE_DEVICE_BACKEND_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/device/compute_device.h"

namespace fcis::kernels {

class DeviceBackend : public Backend {
 public:
  // name: of static storage. The engine computes on the device, in
  // `activation_type`.
  DeviceBackend(absl::string_view name, std::unique_ptr<ComputeDevice> device,
                std::unique_ptr<ConvEngine> convs, DType activation_type);

  absl::string_view name() const override { return name_; }
  DType activation_type() const override { return activation_type_; }
  absl::string_view precision() const override;

  Device device() const override { return device_->type(); }
  absl::StatusOr<Tensor> AllocateMap(const Shape& shape, DType type) override;
  absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                 Layout layout) override;
  absl::StatusOr<Tensor> ToHost(const Tensor& map) override;
  absl::StatusOr<Tensor> ToDevice(const Tensor& t) override;

  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override;
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override;

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override;
  absl::Status Psroi(PsroiForm form, const PsroiParams& params,
                     const Tensor& maps, const Tensor& rois,
                     const Tensor& classes, Tensor* y) override;
  absl::Status Softmax(const Tensor& x, Tensor* y) override;
  absl::Status InsideProbabilities(const Tensor& pairs, Tensor* y) override;
  absl::Status RefineBoxes(const RefineParams& params, const Tensor& rois,
                           const Tensor& deltas, Tensor* y) override;

 private:
  const absl::string_view name_;
  const DType activation_type_;
  // The engine is destroyed before the device.
  const std::unique_ptr<ComputeDevice> device_;
  const std::unique_ptr<ConvEngine> convs_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_BACKEND_H_
