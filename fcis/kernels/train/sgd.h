// Momentum SGD with weight decay as the reference runs it: decay is added to
// the gradient first, then the layer's scale multiplies both
// (docs/reference.md, Training 15).
#ifndef FCIS_KERNELS_TRAIN_SGD_H_
#define FCIS_KERNELS_TRAIN_SGD_H_

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

// A run's are those of its OptimizerConfig.
struct SgdParams {
  float lr = 0;
  float momentum = 0;
  float weight_decay = 0;
  float scale = 1;  // 3 for head/psroi_conv1
};

// v = momentum v - lr (grad + decay w) scale;  w += v.
FCIS_HD inline void SgdUpdate(const SgdParams& params, float grad, float* w,
                              float* v) {
  const float g = (grad + params.weight_decay * *w) * params.scale;
  *v = params.momentum * *v - params.lr * g;
  *w += *v;
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_SGD_H_
