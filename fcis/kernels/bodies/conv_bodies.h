// What surrounds the sums of a convolution, as bodies of launch.h: order and
// rounding of weights, and the fused end (bias, residual, ReLU, rounding).
#ifndef FCIS_KERNELS_BODIES_CONV_BODIES_H_
#define FCIS_KERNELS_BODIES_CONV_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {
namespace cuda {

// Numbers rounded to T, a type of 16 bits, kept as f32. Count: elements.
template <typename T>
struct RoundBody {
  const float* from;
  float* to;

  FCIS_HD void operator()(int64_t i) const {
    T rounded;
    StoreF32(from[i], &rounded);
    to[i] = LoadF32(rounded);
  }
};

// y = relu?(sum + bias + residual?), rounded once. Count: elements of y.
template <typename Y>
struct ConvEndBody {
  int channels;
  bool relu;
  const float* sum;   // [...,channels]
  const float* bias;  // [channels]
  const Y* residual;  // like sum, or null; may be y
  Y* y;

  FCIS_HD void operator()(int64_t i) const {
    float v = sum[i] + bias[i % channels];
    if (residual != nullptr) v += LoadF32(residual[i]);
    if (relu && v < 0) v = 0;
    StoreF32(v, y + i);
  }
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_CONV_BODIES_H_
