// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019,
// algorithm 2).
#ifndef FCIS_KERNELS_TRAIN_ADAMW_H_
#define FCIS_KERNELS_TRAIN_ADAMW_H_

#include <cmath>

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

// A run's are those of its OptimizerConfig.
struct AdamWParams {
  float lr = 0;
  float beta1 = 0, beta2 = 0;
  float eps = 0;
  float weight_decay = 0;
  // 1 / (1 - beta^step), for steps counted from 1.
  float correction1 = 1, correction2 = 1;
};

// m, v: moments; w: the weight.
FCIS_HD inline void AdamWUpdate(const AdamWParams& p, float grad, float* w,
                                float* m, float* v) {
  *m = p.beta1 * *m + (1 - p.beta1) * grad;
  *v = p.beta2 * *v + (1 - p.beta2) * grad * grad;
  const float step = *m * p.correction1 / (sqrtf(*v * p.correction2) + p.eps);
  *w -= p.lr * (step + p.weight_decay * *w);
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_ADAMW_H_
