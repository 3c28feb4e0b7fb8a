#include "fcis/kernels/ops/propose.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {
namespace ops {

absl::StatusOr<RecycledVector<Box>> Propose(Backend& backend,
                                            const ProposeParams& params,
                                            const Tensor& scores,
                                            const Tensor& deltas) {
  const int64_t anchors = static_cast<int64_t>(params.anchor_base.size());
  const Shape &s = scores.shape(), &d = deltas.shape();
  if (anchors < 1 || scores.type() != DType::kF32 ||
      deltas.type() != DType::kF32 || s.rank() != 4 || d.rank() != 4 ||
      s.dim(0) != 1 || d.dim(0) != 1 || s.dim(1) != d.dim(1) ||
      s.dim(2) != d.dim(2) || s.dim(3) != 2 * anchors ||
      d.dim(3) != 4 * anchors) {
    return absl::InvalidArgumentError(
        absl::StrCat("propose: scores ", scores.Describe(), ", deltas ",
                     deltas.Describe(), ", expected f32 [1,h,w,", 2 * anchors,
                     "] and f32 [1,h,w,", 4 * anchors, "]"));
  }
  if (deltas.num_elements() == 0) return RecycledVector<Box>();
  ASSIGN_OR_RETURN(const Tensor host_scores, backend.ToHost(scores));
  ASSIGN_OR_RETURN(const Tensor host_deltas, backend.ToHost(deltas));
  return ProposeOnHost(params, host_scores, host_deltas);
}

}  // namespace ops

RecycledVector<Box> ProposeOnHost(const ProposeParams& params,
                                  const Tensor& scores, const Tensor& deltas) {
  const RecycledVector<Box> anchors = ShiftedAnchors(
      params.anchor_base, params.stride, static_cast<int>(deltas.dim(1)),
      static_cast<int>(deltas.dim(2)));
  // Position-major with the anchor innermost: the maps' own order.
  static_assert(sizeof(BoxDelta) == 4 * sizeof(float), "a row of deltas");
  const auto* rows = reinterpret_cast<const BoxDelta*>(deltas.data<float>());
  RecycledVector<float> foreground(anchors.size());
  const float* score = scores.data<float>();
  for (size_t i = 0; i < anchors.size(); ++i) foreground[i] = score[2 * i + 1];
  const RecycledVector<Box> boxes =
      DecodeProposals(anchors, absl::MakeConstSpan(rows, anchors.size()),
                      params.width, params.height);
  RecycledVector<Box> rois;
  for (const int i : SelectProposals(boxes, foreground, params.select)) {
    rois.push_back(boxes[i]);
  }
  return rois;
}

}  // namespace fcis::kernels
