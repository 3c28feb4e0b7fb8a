// Mask voting (FCIS, section 3 "Inference"; docs/reference.md, Prediction 4 to
// 8): every surviving box gets the mask that all boxes around it agree on. For
// each class: non-maximum suppression of the RoIs that pass the thresholds; of
// what is left of all classes the best max_detections; for each of them a
// weighted sum of the masks of the RoIs that overlap it (mask_aggregation.h),
// resized to the size of a mask.
#ifndef FCIS_KERNELS_OPS_VOTE_MASKS_H_
#define FCIS_KERNELS_OPS_VOTE_MASKS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

class Backend;

enum class VotingRule {
  // A RoI takes part with score > score_thresh and >= min_vote_score; at most
  // max_detections survive per class; sums are double.
  kChainerFcis,
  // score >= score_thresh; no limit per class; sums are float, cut to [0, 1].
  kChainercv,
};

// A model's are those of its PostprocessConfig.
struct VoteParams {
  VotingRule rule = VotingRule::kChainerFcis;
  float score_thresh = 0;
  float nms_thresh = 0;
  float mask_merge_thresh = 0;  // least overlap of a RoI that votes
  double binary_thresh = 0;
  float min_vote_score = 0;
  int max_detections = 0;  // >= 1; equals of the last one stay
  // RoIs are divided by the scale and clipped to the picture.
  float scale = 1;            // > 0
  int height = 0, width = 0;  // of the picture, >= 1
  // RoIs with a shorter side, before scaling, take no part; < 0: all do.
  float min_side = -1;
};

struct VotedInstance {
  int label;    // 1 .. C - 1
  float score;  // of the RoI that the others voted for
  PixelBox box;
  Tensor mask;  // f32 [m,m], over the box
};

inline bool TakesPart(const VoteParams& params, const Box& roi) {
  return params.min_side < 0 ||
         (roi.height() >= params.min_side && roi.width() >= params.min_side);
}

// The RoI in pixels of the picture.
inline Box VotingBox(const VoteParams& params, const Box& roi) {
  const float s = params.scale;
  return ClipBox({roi.x0 / s, roi.y0 / s, roi.x1 / s, roi.y1 / s},
                 static_cast<float>(params.width),
                 static_cast<float>(params.height));
}

// The reference suppresses over all RoIs, cuts at the max_detections-th best
// score of what it kept, and drops at the end what does not pass the score
// thresholds. Dropping first gives the same instances:
// - Whether a box is suppressed depends on better ones only, and the limit cuts
//   off the worst: the kept boxes that pass are the same with and without the
//   others.
// - Let n of the kept boxes pass. If n >= max_detections, the best
//   max_detections are among them and give the same cut. Otherwise the
//   reference's cut is the score of a box that does not pass, or of the last of
//   the n, or a threshold: all n pass it, as they do here.
inline bool PassesThresholds(const VoteParams& params, float score) {
  if (params.rule == VotingRule::kChainercv)
    return score >= params.score_thresh;
  return score > params.score_thresh && score >= params.min_vote_score;
}

// How many survive in a class; < 0: no limit.
inline int SurvivorsPerClass(const VoteParams& params) {
  return params.rule == VotingRule::kChainercv ? -1 : params.max_detections;
}

// Makes the mask probabilities of some RoIs, given by rising index: f32
// [rois.size(),m,m], in host memory or where the backend computes.
using RoiMasks =
    absl::FunctionRef<absl::StatusOr<Tensor>(absl::Span<const int> rois)>;

namespace ops {

// rois: f32 [n,4], Box; class_probs: f32 [n,C], class 0 is the background; each
// in host memory or where the backend computes. masks is called once, for the
// RoIs that vote, which are few where little is found; not if there are none.
// By class, then descending score, in host memory; none for no RoIs (the
// reference crashes). The result does not depend on the number of threads.
absl::StatusOr<RecycledVector<VotedInstance>> VoteMasks(
    Backend& backend, const VoteParams& params, const Tensor& rois,
    const Tensor& class_probs, RoiMasks masks);

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_VOTE_MASKS_H_
