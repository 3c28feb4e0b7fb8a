// Anchor targets: what the RPN should say about each anchor (Faster R-CNN,
// section 3.1.2; docs/reference.md, Training 2 to 4).
#ifndef FCIS_TRAIN_TARGETS_ANCHOR_TARGETS_H_
#define FCIS_TRAIN_TARGETS_ANCHOR_TARGETS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/train/targets/ignored_area.h"
#include "fcis/train/targets/sampler.h"

namespace fcis {

struct AnchorTargetParams {
  int n_sample = 256;
  float pos_iou_thresh = 0.7f;
  float neg_iou_thresh = 0.3f;
  double pos_ratio = 0.5;
  // In a picture without objects every anchor is background; else (the
  // reference) it has nothing to say.
  bool learn_from_empty = false;
};

struct AnchorTargets {
  // Per anchor: 1 object, 0 background, -1 ignored.
  std::vector<int8_t> labels;
  // Per anchor, not normalised: towards its best ground truth, for every anchor
  // inside the picture; else 0.
  std::vector<BoxDelta> deltas;
};

// Only anchors fully inside width x height take part. All anchors tied at a
// ground truth's best IoU are objects: one that overlaps no anchor makes every
// anchor of IoU 0 an object, as in the reference. No anchor inside, or no
// ground truth that counts: all labels are -1 (the reference fails). An anchor
// that `ignored` covers is no background.
AnchorTargets MakeAnchorTargets(absl::Span<const Box> anchors,
                                absl::Span<const Box> gt_boxes, int height,
                                int width, const AnchorTargetParams& params,
                                Sampler* sampler,
                                const IgnoredArea& ignored = IgnoredArea());

}  // namespace fcis

#endif  // FCIS_TRAIN_TARGETS_ANCHOR_TARGETS_H_
