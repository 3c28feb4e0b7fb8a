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
namespace {

// Launches Body<T>{input, y}, a value of y for each index.
template <template <typename> class Body>
absl::Status Pool(ComputeDevice* device, const PsroiParams& params,
                  const Tensor& maps, const Tensor& rois, Tensor* y) {
  RETURN_IF_ERROR(CheckExtents(maps.shape()));
  ASSIGN_OR_RETURN(const Tensor from, device->ToDevice(maps));
  ASSIGN_OR_RETURN(const Tensor boxes, device->ToDevice(rois));
  return WithMapType(maps.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const Body<T> body = {PsroiInputOf<T>(params, from, boxes),
                          MutableElements<float>(y)};
    return ForEach(device, body, y->num_elements());
  });
}

// The means over the cells of what Body gives for each.
template <template <typename> class Body>
absl::Status PoolMeans(ComputeDevice* device, const PsroiParams& params,
                       const Tensor& maps, const Tensor& rois, Tensor* y) {
  ASSIGN_OR_RETURN(Tensor cells, AllocateCells(device, params, y->shape()));
  RETURN_IF_ERROR(Pool<Body>(device, params, maps, rois, &cells));
  const PsroiCellMeansBody body = {
      static_cast<int>(cells.dim(1) * cells.dim(2)),
      static_cast<int>(cells.dim(3)), Elements<float>(cells),
      MutableElements<float>(y)};
  return ForEach(device, body, y->num_elements());
}

}  // namespace

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

absl::Status DeviceBackend::PsroiPool(const PsroiParams& params,
                                      const Tensor& maps, const Tensor& rois,
                                      Tensor* y) {
  return Pool<PsroiPoolBody>(device_.get(), params, maps, rois, y);
}

absl::Status DeviceBackend::PsroiMean(const PsroiParams& params,
                                      const Tensor& maps, const Tensor& rois,
                                      Tensor* y) {
  return PoolMeans<PsroiPoolBody>(device_.get(), params, maps, rois, y);
}

absl::Status DeviceBackend::PsroiClassScores(const PsroiParams& params,
                                             const Tensor& maps,
                                             const Tensor& rois, Tensor* y) {
  return PoolMeans<PsroiPairMaxBody>(device_.get(), params, maps, rois, y);
}

absl::Status DeviceBackend::PsroiClassPair(const PsroiParams& params,
                                           const Tensor& maps,
                                           const Tensor& rois,
                                           const Tensor& classes, Tensor* y) {
  RETURN_IF_ERROR(CheckExtents(maps.shape()));
  ASSIGN_OR_RETURN(const Tensor from, ToDevice(maps));
  ASSIGN_OR_RETURN(const Tensor boxes, ToDevice(rois));
  ASSIGN_OR_RETURN(const Tensor labels, ToDevice(classes));
  return WithMapType(maps.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const PsroiClassPairBody<T> body = {PsroiInputOf<T>(params, from, boxes),
                                        Elements<int32_t>(labels),
                                        MutableElements<float>(y)};
    return ForEach(device_.get(), body, y->num_elements());
  });
}

absl::Status DeviceBackend::Softmax(const Tensor& x, Tensor* y) {
  ASSIGN_OR_RETURN(const Tensor in, ToDevice(x));
  const SoftmaxBody body = {x.dim(-1), Elements<float>(in),
                            MutableElements<float>(y)};
  return ForEach(device_.get(), body, x.num_elements() / x.dim(-1));
}

absl::Status DeviceBackend::ArgMax(const Tensor& x, Tensor* y) {
  ASSIGN_OR_RETURN(const Tensor in, ToDevice(x));
  const ArgMaxBody body = {x.dim(1), Elements<float>(in),
                           MutableElements<int32_t>(y)};
  return ForEach(device_.get(), body, x.dim(0));
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
