#include "fcis/train/targets/anchor_targets.h"

#include <algorithm>

namespace fcis::train {
namespace {

// An anchor's best IoU from which on it is an object, and under which it is
// background.
constexpr float kObjectIou = 0.7f, kBackgroundIou = 0.3f;

std::vector<int> InsideAnchors(absl::Span<const Box> anchors, int height,
                               int width) {
  std::vector<int> inside;
  for (size_t i = 0; i < anchors.size(); ++i) {
    const Box& a = anchors[i];
    if (a.x0 >= 0 && a.y0 >= 0 && a.x1 <= width && a.y1 <= height) {
      inside.push_back(static_cast<int>(i));
    }
  }
  return inside;
}

// Positions (in the list of inside anchors) that hold `label`.
std::vector<int> Where(const std::vector<int8_t>& labels, int8_t label) {
  std::vector<int> found;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == label) found.push_back(static_cast<int>(i));
  }
  return found;
}

// Ignores anchors of `label` until at most `most` are left. The reference
// draws only when there are too many.
void Limit(int8_t label, int64_t most, std::vector<int8_t>* labels,
           Sampler* sampler) {
  const std::vector<int> found = Where(*labels, label);
  const int64_t surplus = static_cast<int64_t>(found.size()) - most;
  if (surplus <= 0) return;
  for (const int i : sampler->Choose(found, surplus)) (*labels)[i] = -1;
}

// Labels of the anchors inside before any is drawn, and their deltas.
std::vector<int8_t> LabelByIoU(absl::Span<const Box> anchors,
                               const std::vector<int>& inside,
                               absl::Span<const Box> gt_boxes,
                               std::vector<BoxDelta>* deltas) {
  std::vector<float> best_of_gt(gt_boxes.size(), 0.0f);
  std::vector<float> ious(inside.size() * gt_boxes.size());
  float* iou = ious.data();
  for (const int a : inside) {
    for (size_t g = 0; g < gt_boxes.size(); ++g) {
      *iou = IoU(anchors[a], gt_boxes[g]);
      best_of_gt[g] = std::max(best_of_gt[g], *iou);
      ++iou;
    }
  }
  std::vector<int8_t> labels(inside.size(), -1);
  for (size_t i = 0; i < inside.size(); ++i) {
    const float* row = &ious[i * gt_boxes.size()];
    const size_t best =
        std::max_element(row, row + gt_boxes.size()) - row;  // first of equals
    if (row[best] < kBackgroundIou) labels[i] = 0;
    for (size_t g = 0; g < gt_boxes.size(); ++g) {
      if (row[g] == best_of_gt[g]) labels[i] = 1;
    }
    if (row[best] >= kObjectIou) labels[i] = 1;
    (*deltas)[inside[i]] = EncodeBox(anchors[inside[i]], gt_boxes[best]);
  }
  return labels;
}

}  // namespace

AnchorTargets MakeAnchorTargets(absl::Span<const Box> anchors,
                                absl::Span<const Box> gt_boxes, int height,
                                int width, const TrainConfig& recipe,
                                Sampler* sampler, const IgnoredArea& ignored) {
  AnchorTargets targets;
  targets.labels.assign(anchors.size(), -1);
  targets.deltas.resize(anchors.size());
  if (gt_boxes.empty() && !recipe.data().empty_pictures()) return targets;
  const std::vector<int> inside = InsideAnchors(anchors, height, width);
  std::vector<int8_t> labels(inside.size(), 0);
  if (!gt_boxes.empty()) {
    labels = LabelByIoU(anchors, inside, gt_boxes, &targets.deltas);
  }
  for (size_t i = 0; i < inside.size(); ++i) {
    if (labels[i] == 0 && ignored.Covers(anchors[inside[i]])) labels[i] = -1;
  }
  const int64_t samples = recipe.loss().anchor_samples();
  Limit(1, samples / 2, &labels, sampler);
  Limit(0, samples - static_cast<int64_t>(Where(labels, 1).size()), &labels,
        sampler);
  for (size_t i = 0; i < inside.size(); ++i) {
    targets.labels[inside[i]] = labels[i];
  }
  return targets;
}

}  // namespace fcis::train
