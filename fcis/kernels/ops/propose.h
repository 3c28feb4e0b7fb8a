// The RPN's proposals (fcis/core/geometry/proposals.h), from its maps.
#ifndef FCIS_KERNELS_OPS_PROPOSE_H_
#define FCIS_KERNELS_OPS_PROPOSE_H_

#include "absl/status/statusor.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/proposals.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

class Backend;

struct ProposeParams {
  ProposalParams select;
  RecycledVector<Box> anchor_base;  // A >= 1 anchors of the map's first pixel
  int stride = 0;                   // input pixels between pixels of the map
  float height = 0, width = 0;      // of the input: boxes are clipped to it
};

namespace ops {

// scores: f32 [1,h,w,2A], anchor * 2 + {0 background, 1 foreground}; deltas:
// f32 [1,h,w,4A], anchor * 4 + {dy, dx, dh, dw}. The raw foreground score
// ranks. Best first; may be empty.
absl::StatusOr<RecycledVector<Box>> Propose(Backend& backend,
                                            const ProposeParams& params,
                                            const Tensor& scores,
                                            const Tensor& deltas);

}  // namespace ops

// The same from maps in host memory, by core's functions.
RecycledVector<Box> ProposeOnHost(const ProposeParams& params,
                                  const Tensor& scores, const Tensor& deltas);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_PROPOSE_H_
