// Mask aggregation: several RoIs' masks become one weighted sum over the
// picture (docs/reference.md, Prediction 6 and 7).
#ifndef FCIS_KERNELS_OPS_MASK_AGGREGATION_H_
#define FCIS_KERNELS_OPS_MASK_AGGREGATION_H_

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

// One RoI that takes part.
struct MaskVote {
  int roi;       // index into the boxes and masks
  float weight;  // >= 0
};

// Sum is double (chainer-fcis) or float (chainercv).
template <typename Sum>
struct AggregatedMask {
  PixelBox box;              // not empty
  RecycledVector<Sum> sums;  // [box.height()][box.width()]
};

// Each vote's mask is resized to its rounded box, cut at binary_thresh (in
// float32) and added with its weight, in the order of the votes. The result is
// the part of the sum within the smallest box that holds all sums >=
// binary_thresh (compared as Sum); none when there are none. Empty boxes add
// nothing. boxes: inside the picture, one per mask; masks: f32 [n,m,m].
template <typename Sum>
absl::optional<AggregatedMask<Sum>> AggregateMasks(
    absl::Span<const Box> boxes, const Tensor& masks,
    absl::Span<const MaskVote> votes, double binary_thresh);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_MASK_AGGREGATION_H_
