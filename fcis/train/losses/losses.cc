#include "fcis/train/losses/losses.h"

#include <algorithm>

#include "fcis/kernels/ops/softmax.h"

namespace fcis {

float BoxLoss(absl::Span<const float> pred, absl::Span<const float> target,
              absl::Span<const int> labels, float sigma,
              absl::Span<float> grad) {
  constexpr size_t kRow = 4;
  const int64_t counted = std::count_if(labels.begin(), labels.end(),
                                        [](int label) { return label >= 0; });
  std::fill(grad.begin(), grad.end(), 0.0f);
  if (counted == 0) return 0;
  const float scale = 1.0f / counted;
  double sum = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] <= 0) continue;
    for (size_t i = kRow * r; i < kRow * (r + 1); ++i) {
      const float diff = pred[i] - target[i];
      sum += SmoothL1(diff, sigma);
      grad[i] = SmoothL1Slope(diff, sigma) * scale;
    }
  }
  return static_cast<float>(sum * scale);
}

double CrossEntropyOfRow(const float* logits, int classes, int label) {
  // -log of the probability itself would lose a small one.
  const float top = *std::max_element(logits, logits + classes);
  double total = 0;
  for (int k = 0; k < classes; ++k) total += std::exp(logits[k] - top);
  return std::log(total) - (logits[label] - top);
}

float SoftmaxCrossEntropy(absl::Span<const float> logits, int classes,
                          absl::Span<const int> labels,
                          absl::Span<float> grad) {
  const int64_t counted = std::count_if(labels.begin(), labels.end(),
                                        [](int label) { return label >= 0; });
  std::fill(grad.begin(), grad.end(), 0.0f);
  if (counted == 0) return 0;
  const float scale = 1.0f / counted;
  double sum = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < 0) continue;
    const float* x = logits.data() + r * classes;
    float* g = grad.data() + r * classes;
    SoftmaxRow(x, classes, g);
    sum += CrossEntropyOfRow(x, classes, labels[r]);
    g[labels[r]] -= 1.0f;
    for (int k = 0; k < classes; ++k) g[k] *= scale;
  }
  return static_cast<float>(sum * scale);
}

}  // namespace fcis
