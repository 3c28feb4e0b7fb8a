// What follows the sums of a convolution where an engine does not fuse it, as a
// body of launch.h.
#ifndef FCIS_KERNELS_BODIES_CONV_BODIES_H_
#define FCIS_KERNELS_BODIES_CONV_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {

// y = relu?(sum + residual?), rounded once; the bias is in the sum. Count:
// elements of y.
template <typename Y>
struct ConvEndBody {
  bool relu;
  const float* sum;
  const Y* residual;  // like y, or null; may be y
  Y* y;

  FCIS_HD void operator()(int64_t i) const {
    float v = sum[i];
    if (residual != nullptr) v += LoadF32(residual[i]);
    if (relu && v < 0) v = 0;
    StoreF32(v, y + i);
  }
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_CONV_BODIES_H_
