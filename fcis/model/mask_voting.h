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

// What n RoIs say. Tensors are in host memory or where the backend computes.
struct RoiPredictions {
  Tensor boxes;               // f32 [n,4], Box
  Tensor class_probs;         // f32 [n,C], class 0 is the background
  int height = 0, width = 0;  // of the picture, to which boxes are clipped
  float scale = 1;            // a box's pixels per pixel of the picture
  float min_side = -1;  // RoIs with a shorter side are left out; < 0: none
};

// The voted instances by class, then descending score; boxes of whole pixels.
// The rule and its thresholds are the config's; min_drop_size is not applied
// here. Empty for no RoIs (the reference crashes). masks is called as
// kernels::ops::VoteMasks does.
absl::StatusOr<std::vector<Detection>> MaskVoting(
    kernels::Backend& backend, const RoiPredictions& predictions,
    kernels::RoiMasks masks, const PostprocessConfig& config);

// Without voting: the best class of every RoI that is not background and has
// score > score_thresh, in RoI order, with its own box and mask; no NMS. On the
// host. masks is called for what is found, if anything is.
absl::StatusOr<std::vector<Detection>> BestClassPerRoi(
    kernels::Backend& backend, const RoiPredictions& predictions,
    kernels::RoiMasks masks, float score_thresh);

}  // namespace fcis::model

#endif  // FCIS_MODEL_MASK_VOTING_H_
