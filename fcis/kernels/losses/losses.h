// The terms of the loss, each with its gradient, of one value or one row
// (docs/reference.md, Training 9 to 11); what is summed over rows is in
// fcis/kernels/bodies/loss_bodies.h.
#ifndef FCIS_KERNELS_LOSSES_LOSSES_H_
#define FCIS_KERNELS_LOSSES_LOSSES_H_

#include <cmath>
#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/ops/arg_max.h"
#include "fcis/kernels/ops/softmax.h"

namespace fcis::kernels {

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

// -log softmax(logits)[label], of one row; label in 0 .. classes - 1.
FCIS_HD inline double CrossEntropyOfRow(const float* logits, int classes,
                                        int label) {
  // -log of the probability itself would lose a small one.
  const float top = logits[ArgMaxOfRow(logits, classes)];
  double total = 0;
  for (int k = 0; k < classes; ++k) total += expf(logits[k] - top);
  return log(total) - (logits[label] - top);
}

// Its gradient times scale; 0 for a label < 0, a row that is ignored.
FCIS_HD inline void CrossEntropyGradientOfRow(const float* logits, int classes,
                                              int label, float scale,
                                              float* grad) {
  if (label < 0) {
    for (int k = 0; k < classes; ++k) grad[k] = 0;
    return;
  }
  SoftmaxRow(logits, classes, grad);
  grad[label] -= 1.0f;
  for (int k = 0; k < classes; ++k) grad[k] *= scale;
}

// What the gradients of a mean over `counted` rows are multiplied by, and the
// mean itself; no row: 0 (the reference divides by 0).
FCIS_HD inline float ScaleOfMean(int64_t counted) {
  return counted == 0 ? 0.0f : 1.0f / static_cast<float>(counted);
}
FCIS_HD inline float MeanOf(double sum, int64_t counted) {
  return static_cast<float>(sum * ScaleOfMean(counted));
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_LOSSES_LOSSES_H_
