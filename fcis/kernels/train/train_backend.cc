#include "fcis/kernels/train/train_backend.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/device/device_ops.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

template <typename T>
const T* ElementsOrNull(const Tensor* t) {
  return t == nullptr ? nullptr : Elements<T>(*t);
}

// mean, scale, shift and other_scale, one after the other: [4,channels].
Tensor RowsOf(const ChannelAffine& affine, int64_t channels) {
  Tensor rows = Tensor::Zeros({4, channels});
  float* row = rows.mutable_data<float>();
  for (const absl::Span<const float> values :
       {affine.mean, affine.scale, affine.shift, affine.other_scale}) {
    std::copy(values.begin(), values.end(), row);
    row += channels;
  }
  return rows;
}

// The gradient of the maps from the shares of the cells; all on the device.
absl::Status Gather(ComputeDevice* device, const PsroiParams& params,
                    const Tensor& rois, const Tensor& shares, Tensor* gmaps) {
  const PsroiInput<float> in = PsroiInputOf<float>(params, *gmaps, rois);
  const int64_t n = rois.dim(0);
  PsroiSpansBody list = {params, in.height, in.width, n, in.rois, nullptr};
  static_assert(sizeof(PsroiSpan) == 3 * sizeof(int32_t), "three of i32");
  ASSIGN_OR_RETURN(Tensor spans,
                   device->Allocate({list.lists(), n + 1, 3}, DType::kI32));
  list.spans = static_cast<PsroiSpan*>(spans.mutable_raw());
  RETURN_IF_ERROR(ForEach(device, list, list.lists()));
  const PsroiGatherBody gather = {params,
                                  in.height,
                                  in.width,
                                  in.depth,
                                  n,
                                  list.spans,
                                  Elements<float>(shares),
                                  MutableElements<float>(gmaps)};
  return ForEach(device, gather, gather.indices());
}

}  // namespace

TrainBackend::TrainBackend(std::unique_ptr<Backend> forward,
                           ComputeDevice* device,
                           std::unique_ptr<ParameterMath> parameters)
    : forward_(std::move(forward)),
      device_(device),
      parameters_(std::move(parameters)) {}

absl::Status TrainBackend::Combine(const Tensor* gate, const Tensor* other,
                                   Tensor* g) {
  return WithMapType(g->type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const CombineBody<T> body = {ElementsOrNull<T>(gate),
                                 ElementsOrNull<T>(other),
                                 MutableElements<T>(g)};
    return ForEach(device_, body, g->num_elements());
  });
}

absl::Status TrainBackend::ChannelSums(const Tensor& a, const Tensor& b,
                                       double* sum, double* product) {
  ASSIGN_OR_RETURN(const Tensor totals, ChannelTotalsOn(device_, a, b));
  ASSIGN_OR_RETURN(const Tensor host, device_->ToHost(totals));
  const int64_t channels = host.dim(1);
  std::copy_n(host.data<double>(), channels, sum);
  std::copy_n(host.data<double>() + channels, channels, product);
  return absl::OkStatus();
}

absl::StatusOr<Tensor> TrainBackend::Affine(const ChannelAffine& affine,
                                            const Tensor& x,
                                            const Tensor* other) {
  RETURN_IF_ERROR(CheckExtents(x.shape()));
  ASSIGN_OR_RETURN(const Tensor of_channels,
                   device_->ToDevice(RowsOf(affine, x.dim(-1))));
  ASSIGN_OR_RETURN(Tensor y, device_->Allocate(x.shape(), x.type()));
  RETURN_IF_ERROR(WithMapType(x.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const int64_t n = x.dim(-1);
    const float* v = Elements<float>(of_channels);
    const AffineBody<T> body = {
        static_cast<int>(n),
        v,
        v + n,
        v + 2 * n,
        affine.other_scale.empty() ? nullptr : v + 3 * n,
        affine.relu,
        Elements<T>(x),
        ElementsOrNull<T>(other),
        MutableElements<T>(&y)};
    return ForEach(device_, body, x.num_elements());
  }));
  return y;
}

absl::StatusOr<Tensor> TrainBackend::MaxPoolGradient(
    const MaxPoolParams& params, const Tensor& x, const Tensor& gy) {
  RETURN_IF_ERROR(CheckExtents(x.shape()));
  ASSIGN_OR_RETURN(Tensor gx, device_->Allocate(x.shape(), x.type()));
  RETURN_IF_ERROR(WithMapType(x.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const MaxPoolGradientBody<T> body = {
        MaxPoolShapeOf(params, x.shape(), gy.shape()), Elements<T>(x),
        Elements<T>(gy), MutableElements<T>(&gx)};
    return ForEach(device_, body, x.num_elements());
  }));
  return gx;
}

absl::Status TrainBackend::PsroiMeanGradient(const PsroiParams& params,
                                             const Tensor& rois,
                                             const Tensor& gy, Tensor* gmaps) {
  RETURN_IF_ERROR(CheckExtents(gmaps->shape()));
  ASSIGN_OR_RETURN(const Tensor boxes, device_->ToDevice(rois));
  ASSIGN_OR_RETURN(const Tensor g, device_->ToDevice(gy));
  ASSIGN_OR_RETURN(Tensor shares, AllocateCells(device_, params, gy.shape()));
  const PsroiMeanSharesBody body = {PsroiInputOf<float>(params, *gmaps, boxes),
                                    Elements<float>(g),
                                    MutableElements<float>(&shares)};
  RETURN_IF_ERROR(ForEach(device_, body, shares.num_elements()));
  return Gather(device_, params, boxes, shares, gmaps);
}

absl::Status TrainBackend::PsroiClassGradient(
    const PsroiParams& params, const Tensor& maps, const Tensor& rois,
    const Tensor& gscores, const Tensor& classes, const Tensor& gpairs,
    Tensor* gmaps) {
  RETURN_IF_ERROR(CheckExtents(maps.shape()));
  ASSIGN_OR_RETURN(const Tensor from, device_->ToDevice(maps));
  ASSIGN_OR_RETURN(const Tensor boxes, device_->ToDevice(rois));
  ASSIGN_OR_RETURN(const Tensor scores, device_->ToDevice(gscores));
  ASSIGN_OR_RETURN(const Tensor labels, device_->ToDevice(classes));
  ASSIGN_OR_RETURN(const Tensor pairs, device_->ToDevice(gpairs));
  ASSIGN_OR_RETURN(
      Tensor shares,
      AllocateCells(device_, params, Shape{rois.dim(0), 2 * gscores.dim(1)}));
  RETURN_IF_ERROR(WithMapType(maps.type(), [&](auto t) {
    using T = MapElement<decltype(t)>;
    const PsroiClassSharesBody<T> body = {
        PsroiInputOf<T>(params, from, boxes), Elements<float>(scores),
        Elements<int32_t>(labels), Elements<float>(pairs),
        MutableElements<float>(&shares)};
    return ForEach(device_, body, shares.num_elements() / 2);
  }));
  return Gather(device_, params, boxes, shares, gmaps);
}

}  // namespace fcis::kernels
