// Mask aggregation: several RoIs' masks become one weighted sum over the
// picture (FIXTURES "Prediction" 3; chainer-fcis mask_aggregation).
#ifndef FCIS_MODEL_MASK_AGGREGATION_H_
#define FCIS_MODEL_MASK_AGGREGATION_H_

#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// A rectangle of whole pixels, half-open.
struct PixelBox {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;

  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
  bool empty() const { return x1 <= x0 || y1 <= y0; }
};

// The corners rounded to whole pixels, half to even (numpy's round).
PixelBox RoundBox(const Box& box);

// One RoI that takes part.
struct MaskVote {
  int roi;       // index into the boxes and masks
  float weight;  // >= 0
};

// Sum is double (chainer-fcis) or float (chainercv).
template <typename Sum>
struct AggregatedMask {
  PixelBox box;           // not empty
  std::vector<Sum> sums;  // [box.height()][box.width()]
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

}  // namespace fcis

#endif  // FCIS_MODEL_MASK_AGGREGATION_H_
