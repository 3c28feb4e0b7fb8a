#include "fcis/train/targets/proposal_targets.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "fcis/core/geometry/pixel_box.h"

namespace fcis::train {
namespace {

// A RoI's best IoU from which on it is foreground; under it, background.
constexpr float kForegroundIou = 0.5f;

// The best ground truth of a RoI; the first of equals.
struct Assignment {
  int gt;
  float iou;
};

// Without ground truth none, at an IoU of 0.
Assignment Assign(const Box& roi, absl::Span<const Box> gt_boxes) {
  Assignment best = {-1, 0};
  if (!gt_boxes.empty()) best = {0, IoU(roi, gt_boxes[0])};
  for (size_t g = 1; g < gt_boxes.size(); ++g) {
    const float iou = IoU(roi, gt_boxes[g]);
    if (iou > best.iou) best = {static_cast<int>(g), iou};
  }
  return best;
}

// Foreground, then background.
std::vector<int> SampleRois(const std::vector<int>& foreground,
                            const std::vector<int>& background,
                            const LossConfig& loss, Sampler* sampler) {
  // np.round: half to even. The reference draws whenever there is a candidate.
  const int64_t most_foreground = static_cast<int64_t>(
      std::nearbyint(loss.roi_samples() * loss.foreground_share()));
  std::vector<int> kept;
  if (!foreground.empty()) {
    kept = sampler->Choose(foreground, most_foreground);
  }
  if (!background.empty()) {
    const std::vector<int> rest = sampler->Choose(
        background, loss.roi_samples() - static_cast<int64_t>(kept.size()));
    kept.insert(kept.end(), rest.begin(), rest.end());
  }
  return kept;
}

PixelBox WholeOf(const MaskView& mask) {
  return {0, 0, mask.width, mask.height};
}

BoxDelta Normalised(const BoxDelta& d, const BoxDelta& std) {
  return {d.dy / std.dy, d.dx / std.dx, d.dh / std.dh, d.dw / std.dw};
}

}  // namespace

BoxDelta LocStdOf(const HeadConfig& head) {
  return {head.loc_std(0), head.loc_std(1), head.loc_std(2), head.loc_std(3)};
}

ProposalTargets MakeProposalTargets(absl::Span<const Box> proposals,
                                    absl::Span<const Box> gt_boxes,
                                    absl::Span<const int> gt_labels,
                                    absl::Span<const MaskView> gt_masks,
                                    const ModelConfig& model,
                                    const TrainConfig& recipe, Sampler* sampler,
                                    const IgnoredArea& ignored) {
  const LossConfig& loss = recipe.loss();
  const BoxDelta std = LocStdOf(model.head());
  const int size = model.head().roi_size();
  ProposalTargets targets;
  if (gt_boxes.empty() && !recipe.data().empty_pictures()) return targets;
  std::vector<Box> rois(proposals.begin(), proposals.end());
  rois.insert(rois.end(), gt_boxes.begin(), gt_boxes.end());
  std::vector<Assignment> assigned;
  std::vector<int> foreground, background;
  for (size_t r = 0; r < rois.size(); ++r) {
    assigned.push_back(Assign(rois[r], gt_boxes));
    const float iou = assigned.back().iou;
    if (iou >= kForegroundIou) foreground.push_back(static_cast<int>(r));
    const auto low =
        static_cast<float>(gt_boxes.empty() ? 0 : loss.background_iou_low());
    if (iou < kForegroundIou && iou >= low && !ignored.Covers(rois[r])) {
      background.push_back(static_cast<int>(r));
    }
  }
  std::vector<int> kept;
  if (loss.ohem_rois() > 0) {
    std::merge(foreground.begin(), foreground.end(), background.begin(),
               background.end(), std::back_inserter(kept));
  } else {
    kept = SampleRois(foreground, background, loss, sampler);
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    const Box& roi = rois[kept[i]];
    const int gt = assigned[kept[i]].gt;
    const bool is_foreground = assigned[kept[i]].iou >= kForegroundIou;
    targets.rois.push_back(roi);
    targets.labels.push_back(is_foreground ? gt_labels[gt] : 0);
    targets.deltas.push_back(
        gt < 0 ? BoxDelta() : Normalised(EncodeBox(roi, gt_boxes[gt]), std));
    const std::vector<int8_t> mask =
        is_foreground
            ? MakeMaskTarget(
                  gt_masks[gt],
                  loss.whole_masks() ? WholeOf(gt_masks[gt])
                                     : RoundBox(gt_boxes[gt]),
                  RoundBox(roi), size,
                  static_cast<float>(model.postprocess().binary_thresh()))
            : std::vector<int8_t>(static_cast<size_t>(size) * size, -1);
    targets.masks.insert(targets.masks.end(), mask.begin(), mask.end());
  }
  return targets;
}

}  // namespace fcis::train
