// Softmax over the last axis: y_i = exp(x_i - max) / sum_j exp(x_j - max).
#ifndef FCIS_KERNELS_OPS_SOFTMAX_H_
#define FCIS_KERNELS_OPS_SOFTMAX_H_

#include <cmath>
#include <cstdint>

#include "absl/status/statusor.h"
#include "fcis/core/base/host_device.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

class Backend;

// One row of n >= 1 values; y may be x.
FCIS_HD inline void SoftmaxRow(const float* x, int64_t n, float* y) {
  float top = x[0];
  for (int64_t i = 1; i < n; ++i) top = top < x[i] ? x[i] : top;
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += y[i] = expf(x[i] - top);
  for (int64_t i = 0; i < n; ++i) y[i] /= sum;
}

// The second probability of two.
FCIS_HD inline float InsideProbability(const float* pair) {
  float both[2];
  SoftmaxRow(pair, 2, both);
  return both[1];
}

namespace ops {

// x: f32, rank >= 1, last extent >= 1 -> the same shape,
// where the backend computes; no rows: empty.
absl::StatusOr<Tensor> Softmax(Backend& backend, const Tensor& x);

// pairs: f32 [R,P,P,2], last axis outside, inside -> f32 [R,P,P], the inside
// half of their softmax, where the backend computes.
absl::StatusOr<Tensor> InsideProbabilities(Backend& backend,
                                           const Tensor& pairs);

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_SOFTMAX_H_
