#include "fcis/kernels/ops/refine_boxes.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/kernels/backend.h"

namespace fcis {
namespace ops {

absl::StatusOr<Tensor> RefineBoxes(Backend& backend, const RefineParams& params,
                                   const Tensor& rois, const Tensor& deltas) {
  const Shape &r = rois.shape(), &d = deltas.shape();
  if (rois.type() != DType::kF32 || deltas.type() != DType::kF32 ||
      r.rank() != 2 || d.rank() != 2 || r.dim(1) != 4 || d.dim(1) < 4 ||
      d.dim(0) != r.dim(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "refine_boxes: rois ", DTypeName(rois.type()), " ", r.ToString(),
        ", deltas ", DTypeName(deltas.type()), " ", d.ToString(),
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

absl::Status Backend::RefineBoxes(const RefineParams& params,
                                  const Tensor& rois, const Tensor& deltas,
                                  Tensor* y) {
  const int64_t row = deltas.dim(1);
  const float* delta = deltas.data<float>() + row - 4;
  const absl::Span<const Box> given = BoxesOfRows(rois);
  const absl::Span<Box> to = MutableBoxesOfRows(y);
  std::copy(given.begin(), given.end(), to.begin());
  for (size_t r = 0; r < given.size(); ++r, delta += row) {
    to[given.size() + r] = RefinedBox(params, given[r], delta);
  }
  return absl::OkStatus();
}

}  // namespace fcis
