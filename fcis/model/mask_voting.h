// From what the head says of the RoIs to instances, with mask voting
// (fcis/kernels/ops/vote_masks.h) or without.
#ifndef FCIS_MODEL_MASK_VOTING_H_
#define FCIS_MODEL_MASK_VOTING_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/ops/vote_masks.h"
#include "fcis/model/detection.h"

namespace fcis::model {

// The rule and the thresholds of a config; where the RoIs are is left out.
kernels::VoteParams VoteParamsOf(const PostprocessConfig& config);

// The voted instances by class, then descending score; boxes of whole pixels.
// boxes: f32 [n,4], Box; class_probs: f32 [n,C], class 0 is the background; in
// host memory or where the backend computes. Empty for no RoIs (the reference
// crashes). masks is called as kernels::ops::VoteMasks does.
absl::StatusOr<std::vector<Detection>> MaskVoting(
    kernels::Backend& backend, const kernels::VoteParams& params,
    const Tensor& boxes, const Tensor& class_probs, kernels::RoiMasks masks);

// Without voting: the best class of every RoI that is not background and has
// score > score_thresh, in RoI order, with its own box and mask; no NMS. On the
// host. masks is called for what is found, if anything is.
absl::StatusOr<std::vector<Detection>> BestClassPerRoi(
    kernels::Backend& backend, const kernels::VoteParams& params,
    const Tensor& boxes, const Tensor& class_probs, kernels::RoiMasks masks);

}  // namespace fcis::model

#endif  // FCIS_MODEL_MASK_VOTING_H_
