// What the backends of a device share: launches that several of their ops need,
// and arguments in the terms of bodies.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_OPS_H_
#define FCIS_KERNELS_DEVICE_DEVICE_OPS_H_

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/psroi_bodies.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/train/output_factors.h"

namespace fcis::kernels {

// A map on the device as another type, from f32 to one of 16 bits or back.
absl::StatusOr<Tensor> ConvertOn(ComputeDevice* device, const Tensor& x,
                                 DType type);

// f64 [2,channels] on the device: what TrainBackend::ChannelSums sums up, of
// maps on the device.
absl::StatusOr<Tensor> ChannelTotalsOn(ComputeDevice* device, const Tensor& a,
                                       const Tensor& b);

// One factor per segment, on the device; empty where all are 1. Segments are
// CHECKed to have one factor each.
absl::StatusOr<Tensor> SegmentFactors(const OutputFactors& factors,
                                      ComputeDevice* device);
// The factors that were prepared so.
FactorOf FactorsIn(const OutputFactors& factors, const Tensor& prepared);

inline MaxPoolShape MaxPoolShapeOf(const MaxPoolParams& params, const Shape& x,
                                   const Shape& y) {
  const auto extent = [](const Shape& s, int axis) {
    return static_cast<int>(s.dim(axis));
  };
  return {params.kernel, params.stride, extent(x, 1), extent(x, 2),
          extent(x, 3),  extent(y, 1),  extent(y, 2)};
}

// Both tensors on the device.
template <typename T>
PsroiInput<T> PsroiInputOf(const PsroiParams& params, const Tensor& maps,
                           const Tensor& rois) {
  const int bins = params.group_size * params.group_size;
  return {params,
          Elements<T>(maps),
          static_cast<int>(maps.dim(0)),
          static_cast<int>(maps.dim(1)),
          static_cast<int>(maps.dim(2) / bins),
          Elements<float>(rois)};
}

// f32 [R,P,P,D], for a value of each cell of the rows [R,D].
inline absl::StatusOr<Tensor> AllocateCells(ComputeDevice* device,
                                            const PsroiParams& params,
                                            const Shape& rows) {
  return device->Allocate(
      {rows.dim(0), params.roi_size, params.roi_size, rows.dim(1)},
      DType::kF32);
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_OPS_H_
