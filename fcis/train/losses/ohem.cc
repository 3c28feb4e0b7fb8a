#include "fcis/train/losses/ohem.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fcis/train/losses/losses.h"

namespace fcis {

std::vector<double> RoiLosses(const RoiOutputs& rois) {
  constexpr size_t kRow = 4;
  const size_t n = rois.labels.size();
  std::vector<double> losses(n);
  const size_t cells = n == 0 ? 0 : rois.mask_targets.size() / n;
  for (size_t r = 0; r < n; ++r) {
    double loss = rois.class_weight *
                  CrossEntropyOfRow(rois.scores.data() + r * rois.classes,
                                    rois.classes, rois.labels[r]);
    if (rois.labels[r] > 0) {
      for (size_t i = kRow * r; i < kRow * (r + 1); ++i) {
        loss += rois.box_weight *
                SmoothL1(rois.boxes[i] - rois.box_targets[i], rois.sigma);
      }
      double mask = 0;
      for (size_t i = cells * r; i < cells * (r + 1); ++i) {
        if (rois.mask_targets[i] < 0) continue;
        mask += CrossEntropyOfRow(rois.mask_pairs.data() + 2 * i, 2,
                                  rois.mask_targets[i]);
      }
      loss += rois.mask_weight * mask / static_cast<double>(cells);
    }
    losses[r] = loss;
  }
  return losses;
}

std::vector<int> HardestRois(absl::Span<const double> losses, int n) {
  std::vector<double> keys(losses.begin(), losses.end());
  for (double& key : keys) {
    if (std::isnan(key)) key = std::numeric_limits<double>::infinity();
  }
  std::vector<int> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return keys[a] > keys[b]; });
  if (order.size() > static_cast<size_t>(n)) order.resize(n);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace fcis
