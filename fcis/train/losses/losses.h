// The terms of the loss, each with its gradient (chainer-fcis
// fcis_train_chain.py; FIXTURES "Training" 4).
#ifndef FCIS_TRAIN_LOSSES_LOSSES_H_
#define FCIS_TRAIN_LOSSES_LOSSES_H_

#include <cmath>
#include <cstdint>

#include "absl/types/span.h"
#include "fcis/core/base/host_device.h"

namespace fcis {

// Smooth L1 of a difference (Fast R-CNN, section 2.3), and its slope.
FCIS_HD inline float SmoothL1(float diff, float sigma) {
  const float sigma2 = sigma * sigma;
  const float magnitude = fabsf(diff);
  return magnitude < 1.0f / sigma2 ? 0.5f * sigma2 * diff * diff
                                   : magnitude - 0.5f / sigma2;
}

FCIS_HD inline float SmoothL1Slope(float diff, float sigma) {
  const float sigma2 = sigma * sigma;
  if (fabsf(diff) < 1.0f / sigma2) return sigma2 * diff;
  return diff < 0 ? -1.0f : 1.0f;
}

// Sum of SmoothL1(pred - target) over the four values of rows with label > 0,
// divided by the number of rows with label >= 0. pred, target, grad: [n][4];
// labels: n. grad receives the gradient of pred, 0 in other rows. No row with
// label >= 0: 0 (the reference divides by 0).
float BoxLoss(absl::Span<const float> pred, absl::Span<const float> target,
              absl::Span<const int> labels, float sigma,
              absl::Span<float> grad);

// -log softmax(logits)[label], of one row; label in 0 .. classes - 1.
double CrossEntropyOfRow(const float* logits, int classes, int label);

// Mean softmax cross-entropy over the rows whose label is not negative.
// logits, grad: [n][classes]; labels: n. All rows ignored: 0 with zero
// gradient.
float SoftmaxCrossEntropy(absl::Span<const float> logits, int classes,
                          absl::Span<const int> labels, absl::Span<float> grad);

}  // namespace fcis

#endif  // FCIS_TRAIN_LOSSES_LOSSES_H_
