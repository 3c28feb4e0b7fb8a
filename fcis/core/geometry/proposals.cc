#include "fcis/core/geometry/proposals.h"

#include "fcis/core/base/parallel.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/core/geometry/score_order.h"

namespace fcis {

RecycledVector<Box> DecodeProposals(absl::Span<const Box> anchors,
                                    absl::Span<const BoxDelta> deltas,
                                    float width, float height) {
  RecycledVector<Box> boxes(anchors.size());
  ParallelForEach(anchors.size(), 4096, [&](size_t i) {
    boxes[i] = ClipBox(DecodeBox(anchors[i], deltas[i]), width, height);
  });
  return boxes;
}

RecycledVector<int> KeepLargeBoxes(absl::Span<const Box> boxes,
                                   float min_side) {
  RecycledVector<int> kept;
  kept.reserve(boxes.size());
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i].height() >= min_side && boxes[i].width() >= min_side) {
      kept.push_back(static_cast<int>(i));
    }
  }
  return kept;
}

RecycledVector<int> RankProposals(absl::Span<const Box> boxes,
                                  absl::Span<const float> scores,
                                  const ProposalParams& params) {
  RecycledVector<int> large = KeepLargeBoxes(boxes, params.min_side);
  RecycledVector<float> large_scores(large.size());
  for (size_t i = 0; i < large.size(); ++i) large_scores[i] = scores[large[i]];
  RecycledVector<int> order = OrderByScore(large_scores, params.pre_nms);
  for (int& i : order) i = large[i];
  return order;
}

RecycledVector<int> SelectProposals(absl::Span<const Box> boxes,
                                    absl::Span<const float> scores,
                                    const ProposalParams& params) {
  return Nms(boxes, RankProposals(boxes, scores, params), params.nms_thresh,
             params.post_nms);
}

}  // namespace fcis
