// Proposal targets: the sampled RoIs and what the head should say about them
// (docs/reference.md, Training 5 and 6).
#ifndef FCIS_TRAIN_TARGETS_PROPOSAL_TARGETS_H_
#define FCIS_TRAIN_TARGETS_PROPOSAL_TARGETS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/train/targets/ignored_area.h"
#include "fcis/train/targets/mask_target.h"
#include "fcis/train/targets/sampler.h"

namespace fcis {

struct ProposalTargetParams {
  // kAllRois: nothing is sampled; all foreground and background RoIs, in the
  // order proposals, ground truth.
  static constexpr int kAllRois = -1;
  int n_sample = 128;
  double fg_ratio = 0.25;
  float fg_iou_thresh = 0.5f;
  float bg_iou_thresh_hi = 0.5f;
  float bg_iou_thresh_lo = 0.0f;
  BoxDelta loc_std = {0.2f, 0.2f, 0.5f, 0.5f};
  int mask_size = 21;
  float binary_thresh = 0.4f;
  // A mask counts where the RoI is outside of the ground truth's box, too
  // (chainercv), which differs when the mask is larger than its box.
  bool whole_masks = false;
  // In a picture without objects every proposal is background; else (the
  // reference) there are no RoIs.
  bool learn_from_empty = false;
};

// One entry per sampled RoI, foreground first (but for kAllRois); at most
// n_sample, not padded.
struct ProposalTargets {
  std::vector<Box> rois;
  std::vector<int> labels;       // 1 .. classes; 0 background
  std::vector<BoxDelta> deltas;  // divided by loc_std
  // [RoIs][mask_size][mask_size]: 1 inside, 0 outside, -1 for background RoIs.
  std::vector<int8_t> masks;
};

// gt_labels (1 ..) and gt_masks: one per box of gt_boxes, which join the
// proposals. No ground truth that counts: no RoIs (the reference fails). A RoI
// that `ignored` covers is no background.
ProposalTargets MakeProposalTargets(absl::Span<const Box> proposals,
                                    absl::Span<const Box> gt_boxes,
                                    absl::Span<const int> gt_labels,
                                    absl::Span<const MaskView> gt_masks,
                                    const ProposalTargetParams& params,
                                    Sampler* sampler,
                                    const IgnoredArea& ignored = IgnoredArea());

}  // namespace fcis

#endif  // FCIS_TRAIN_TARGETS_PROPOSAL_TARGETS_H_
