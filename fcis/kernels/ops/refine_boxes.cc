#include "fcis/kernels/ops/refine_boxes.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {
namespace ops {

absl::StatusOr<Tensor> RefineBoxes(Backend& backend, const RefineParams& params,
                                   const Tensor& rois, const Tensor& deltas) {
  const Shape &r = rois.shape(), &d = deltas.shape();
  if (rois.type() != DType::kF32 || deltas.type() != DType::kF32 ||
      r.rank() != 2 || d.rank() != 2 || r.dim(1) != 4 || d.dim(1) < 4 ||
      d.dim(0) != r.dim(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "refine_boxes: rois ", rois.Describe(), ", deltas ", deltas.Describe(),
        ", expected f32 [R,4] and f32 [R,D], D >= 4"));
  }
  ASSIGN_OR_RETURN(Tensor y,
                   backend.AllocateMap({2 * r.dim(0), 4}, DType::kF32));
  if (r.dim(0) > 0) {
    RETURN_IF_ERROR(backend.RefineBoxes(params, rois, deltas, &y));
  }
  return y;
}

}  // namespace ops
}  // namespace fcis::kernels
