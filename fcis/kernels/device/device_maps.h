// Arguments of ops in the terms of their bodies.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_MAPS_H_
#define FCIS_KERNELS_DEVICE_DEVICE_MAPS_H_

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/psroi_bodies.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::kernels {

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

#endif  // FCIS_KERNELS_DEVICE_DEVICE_MAPS_H_
