// Proposal targets: the sampled RoIs and what the head should say about them
// (docs/reference.md, Training 5 and 6).
#ifndef FCIS_TRAIN_TARGETS_PROPOSAL_TARGETS_H_
#define FCIS_TRAIN_TARGETS_PROPOSAL_TARGETS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/targets/mask_target.h"
#include "fcis/train/targets/sampler.h"

namespace fcis::train {

// One entry per RoI that trains, P x P the model's roi_size.
struct ProposalTargets {
  std::vector<Box> rois;
  std::vector<int> labels;       // 1 .. classes; 0 background
  std::vector<BoxDelta> deltas;  // divided by the model's loc_std
  // [RoIs][P][P]: 1 inside, 0 outside, -1 for background RoIs.
  std::vector<int8_t> masks;
};

// The standard deviations of a head's deltas.
BoxDelta LocStdOf(const HeadConfig& head);

// Of the recipe it is loss.roi_samples RoIs at most, not padded, foreground
// first; with loss.ohem_rois all foreground and background RoIs, in the order
// proposals, ground truth. gt_labels (1 ..) and gt_masks: one per box of
// gt_boxes, which join the proposals. With loss.whole_masks a mask counts where
// the RoI is outside of the ground truth's box, too (chainercv), which differs
// when the mask is larger than its box. No ground truth that counts: no RoIs
// (the reference fails), but with data.empty_pictures, where in a picture
// without objects every proposal is background. A RoI that `ignored` covers is
// no background.
ProposalTargets MakeProposalTargets(absl::Span<const Box> proposals,
                                    absl::Span<const Box> gt_boxes,
                                    absl::Span<const int> gt_labels,
                                    absl::Span<const MaskView> gt_masks,
                                    const ModelConfig& model,
                                    const TrainConfig& recipe, Sampler* sampler,
                                    const IgnoredArea& ignored = IgnoredArea());

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TARGETS_PROPOSAL_TARGETS_H_
