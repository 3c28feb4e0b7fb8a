// Anchor targets: what the RPN should say about each anchor (Faster R-CNN,
// section 3.1.2; docs/reference.md, Training 2 to 4).
#ifndef FCIS_TRAIN_TARGETS_ANCHOR_TARGETS_H_
#define FCIS_TRAIN_TARGETS_ANCHOR_TARGETS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/targets/mask_target.h"
#include "fcis/train/targets/sampler.h"

namespace fcis::train {

struct AnchorTargets {
  // Per anchor: 1 object, 0 background, -1 ignored.
  std::vector<int8_t> labels;
  // Per anchor, not normalised: towards its best ground truth, for every anchor
  // inside the picture; else 0.
  std::vector<BoxDelta> deltas;
};

// Of the recipe it is loss.anchor_samples that take part, half of them objects
// at most. Only anchors fully inside width x height take part. All anchors tied
// at a ground truth's best IoU are objects: one that overlaps no anchor makes
// every anchor of IoU 0 an object, as in the reference. No anchor inside, or no
// ground truth that counts: all labels are -1 (the reference fails), but with
// data.empty_pictures, where in a picture without objects every anchor is
// background. An anchor that `ignored` covers is no background.
AnchorTargets MakeAnchorTargets(absl::Span<const Box> anchors,
                                absl::Span<const Box> gt_boxes, int height,
                                int width, const TrainConfig& recipe,
                                Sampler* sampler,
                                const IgnoredArea& ignored = IgnoredArea());

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TARGETS_ANCHOR_TARGETS_H_
