#include "fcis/kernels/losses/losses.h"

#include <algorithm>

namespace fcis {
namespace {

int64_t Counted(absl::Span<const int> labels) {
  return std::count_if(labels.begin(), labels.end(),
                       [](int label) { return label >= 0; });
}

}  // namespace

float BoxLoss(absl::Span<const float> pred, absl::Span<const float> target,
              absl::Span<const int> labels, float sigma,
              absl::Span<float> grad) {
  constexpr size_t kRow = 4;
  const int64_t counted = Counted(labels);
  const float scale = ScaleOfMean(counted);
  std::fill(grad.begin(), grad.end(), 0.0f);
  double sum = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] <= 0) continue;
    for (size_t i = kRow * r; i < kRow * (r + 1); ++i) {
      const float diff = pred[i] - target[i];
      sum += SmoothL1(diff, sigma);
      grad[i] = SmoothL1Slope(diff, sigma) * scale;
    }
  }
  return MeanOf(sum, counted);
}

float SoftmaxCrossEntropy(absl::Span<const float> logits, int classes,
                          absl::Span<const int> labels,
                          absl::Span<float> grad) {
  const int64_t counted = Counted(labels);
  const float scale = ScaleOfMean(counted);
  double sum = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    const float* x = logits.data() + r * classes;
    CrossEntropyGradientOfRow(x, classes, labels[r], scale,
                              grad.data() + r * classes);
    if (labels[r] >= 0) sum += CrossEntropyOfRow(x, classes, labels[r]);
  }
  return MeanOf(sum, counted);
}

}  // namespace fcis
