// RoIs and what the head's box deltas make of them (FCIS, section 3 "iter2").
#ifndef FCIS_KERNELS_OPS_REFINE_BOXES_H_
#define FCIS_KERNELS_OPS_REFINE_BOXES_H_

#include "absl/status/statusor.h"
#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

class Backend;

struct RefineParams {
  float delta_std[4] = {1, 1, 1, 1};  // of dy, dx, dh, dw: their units
  float height = 0, width = 0;  // of the input: refined boxes are clipped to it
};

// delta: dy, dx, dh, dw.
FCIS_HD inline Box RefinedBox(const RefineParams& params, const Box& roi,
                              const float* delta) {
  const BoxDelta scaled = {
      delta[0] * params.delta_std[0], delta[1] * params.delta_std[1],
      delta[2] * params.delta_std[2], delta[3] * params.delta_std[3]};
  return ClipBox(DecodeBox(roi, scaled), params.width, params.height);
}

namespace ops {

// rois: f32 [R,4], Box; deltas: f32 [R,D], D >= 4, of which the last four of a
// row count; both in host memory or where the backend computes -> f32 [2R,4],
// where the backend computes: the RoIs, then each of them refined (it may end
// up empty).
absl::StatusOr<Tensor> RefineBoxes(Backend& backend, const RefineParams& params,
                                   const Tensor& rois, const Tensor& deltas);

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_REFINE_BOXES_H_
