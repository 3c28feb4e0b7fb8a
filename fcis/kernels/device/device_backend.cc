#include "fcis/kernels/device/device_backend.h"

#include <cstdint>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/bodies/row_bodies.h"
#include "fcis/kernels/device/device_ops.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
DeviceBackend::DeviceBackend(absl::string_view name,
                             std::unique_ptr<ComputeDevice> device,
                             std::unique_ptr<ConvEngine> convs,
                             DType activation_type)
    : name_(name),
      activation_type_(activation_type),
      device_(std::move(device)),
      convs_(std::move(convs)) {}

absl::string_view DeviceBackend::precision() const {
  return convs_->tf32() ? "tf32" : Backend::precision();
}

absl::StatusOr<Tensor> DeviceBackend::AllocateMap(const Shape& shape,
                                                  DType type) {
  return device_->Allocate(shape, type);
}

absl::StatusOr<Tensor> DeviceBackend::Convert(const Tensor& map, DType type,
                                              Layout) {
  ASSIGN_OR_RETURN(Tensor there, ToDevice(map));
  if (there.type() == type) return there;
  return ConvertOn(device_.get(), there, type);
}

absl::StatusOr<Tensor> DeviceBackend::ToHost(const Tensor& map) {
  return device_->ToHost(map);
}

absl::StatusOr<Tensor> DeviceBackend::ToDevice(const Tensor& t) {
  return device_->ToDevice(t);
}

absl::StatusOr<std::unique_ptr<Convolution>> DeviceBackend::PrepareConv(
    const ConvParams& params, const Tensor& weight, const Tensor& bias) {
  return convs_->Prepare(params, weight, bias);
}

absl::StatusOr<std::unique_ptr<TrainedConvolution>> DeviceBackend::MakeConv(
    const ConvParams& params, const Shape& weight_shape,
    absl::Span<const float> factors) {
  return convs_->Make(params, weight_shape, factors);
}

absl::Status DeviceBackend::MaxPool(const MaxPoolParams& params,
                                    const Tensor& x, Tensor* y) {
  RETURN_IF_ERROR(CheckExtents(x.shape()));
  ASSIGN_OR_RETURN(const Tensor in, ToDevice(x));
  return WithMapType(x.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const MaxPoolBody<T> body = {MaxPoolShapeOf(params, x.shape(), y->shape()),
                                 Elements<T>(in), MutableElements<T>(y)};
    return ForEach(device_.get(), body, y->num_elements());
  });
}

absl::Status DeviceBackend::Psroi(PsroiForm form, const PsroiParams& params,
                                  const Tensor& maps, const Tensor& rois,
                                  const Tensor& classes, Tensor* y) {
  RETURN_IF_ERROR(CheckExtents(maps.shape()));
  ASSIGN_OR_RETURN(const Tensor from, ToDevice(maps));
  ASSIGN_OR_RETURN(const Tensor boxes, ToDevice(rois));
  Tensor labels;
  if (form == PsroiForm::kClassPair) {
    ASSIGN_OR_RETURN(labels, ToDevice(classes));
  }
  const bool means =
      form == PsroiForm::kMean || form == PsroiForm::kClassScores;
  Tensor cells = *y;
  if (means) {
    ASSIGN_OR_RETURN(cells, AllocateCells(device_.get(), params, y->shape()));
  }
  RETURN_IF_ERROR(WithMapType(maps.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const PsroiInput<T> in = PsroiInputOf<T>(params, from, boxes);
    float* const to = MutableElements<float>(&cells);
    switch (form) {
      case PsroiForm::kPool:
      case PsroiForm::kMean:
        break;
      case PsroiForm::kClassScores:
        return ForEach(device_.get(), PsroiPairMaxBody<T>{in, to},
                       cells.num_elements());
      case PsroiForm::kClassPair:
        return ForEach(device_.get(),
                       PsroiClassPairBody<T>{in, Elements<int32_t>(labels), to},
                       cells.num_elements());
    }
    return ForEach(device_.get(), PsroiPoolBody<T>{in, to},
                   cells.num_elements());
  }));
  if (!means) return absl::OkStatus();
  const PsroiCellMeansBody body = {
      static_cast<int>(cells.dim(1) * cells.dim(2)),
      static_cast<int>(cells.dim(3)), Elements<float>(cells),
      MutableElements<float>(y)};
  return ForEach(device_.get(), body, y->num_elements());
}

absl::Status DeviceBackend::Softmax(const Tensor& x, Tensor* y) {
  ASSIGN_OR_RETURN(const Tensor in, ToDevice(x));
  const SoftmaxBody body = {x.dim(-1), Elements<float>(in),
                            MutableElements<float>(y)};
  return ForEach(device_.get(), body, x.num_elements() / x.dim(-1));
}

absl::Status DeviceBackend::InsideProbabilities(const Tensor& pairs,
                                                Tensor* y) {
  ASSIGN_OR_RETURN(const Tensor in, ToDevice(pairs));
  const InsideProbabilityBody body = {Elements<float>(in),
                                      MutableElements<float>(y)};
  return ForEach(device_.get(), body, y->num_elements());
}

absl::Status DeviceBackend::RefineBoxes(const RefineParams& params,
                                        const Tensor& rois,
                                        const Tensor& deltas, Tensor* y) {
  ASSIGN_OR_RETURN(const Tensor boxes, ToDevice(rois));
  ASSIGN_OR_RETURN(const Tensor delta, ToDevice(deltas));
  const int64_t n = rois.dim(0);
  const RefineBody body = {params,
                           n,
                           deltas.dim(1),
                           Elements<Box>(boxes),
                           Elements<float>(delta),
                           MutableElements<Box>(y)};
  return ForEach(device_.get(), body, n);
}

}  // namespace fcis::kernels
