// Non-maximum suppression (chainercv non_maximum_suppression).
#ifndef FCIS_CORE_GEOMETRY_NMS_H_
#define FCIS_CORE_GEOMETRY_NMS_H_

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {

// Goes through boxes[order[0]], boxes[order[1]], ... and keeps a box unless
// its IoU with one kept before is >= thresh (compared in float32; NaN, from
// two empty boxes, never suppresses). Stops at `limit` kept boxes; limit < 0:
// no limit. Returns the kept entries of `order`, in order. OrderByScore
// (score_order.h) makes the order of all callers and decides ties.
RecycledVector<int> Nms(absl::Span<const Box> boxes,
                        absl::Span<const int> order, float thresh,
                        int limit = -1);

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_NMS_H_
