// Proposals: the RPN's best boxes (chainercv ProposalCreator): decode, clip,
// drop small ones, keep the best, suppress, keep the best again.
#ifndef FCIS_CORE_GEOMETRY_PROPOSALS_H_
#define FCIS_CORE_GEOMETRY_PROPOSALS_H_

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {

// A model's are those of its RpnConfig.
struct ProposalParams {
  int pre_nms = 0;   // best boxes that enter NMS; < 0: all
  int post_nms = 0;  // most proposals; < 0: no limit
  float nms_thresh = 0;
  float min_side = 0;  // input pixels; boxes with a shorter side are dropped
};

// Decoded boxes clipped to width x height input pixels, one per anchor.
RecycledVector<Box> DecodeProposals(absl::Span<const Box> anchors,
                                    absl::Span<const BoxDelta> deltas,
                                    float width, float height);

// Indices of the boxes whose sides are both >= min_side, ascending.
RecycledVector<int> KeepLargeBoxes(absl::Span<const Box> boxes, float min_side);

// Candidates for NMS: the best `pre_nms` of the large boxes, in score order.
// scores: one per box, any real number (the raw foreground logit).
RecycledVector<int> RankProposals(absl::Span<const Box> boxes,
                                  absl::Span<const float> scores,
                                  const ProposalParams& params);

// Indices of the proposals, best first: RankProposals, then NMS. Empty when no
// box is large enough.
RecycledVector<int> SelectProposals(absl::Span<const Box> boxes,
                                    absl::Span<const float> scores,
                                    const ProposalParams& params);

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_PROPOSALS_H_
