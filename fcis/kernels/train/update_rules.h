// How a step changes one weight: momentum SGD or AdamW, and averaged weights.
#ifndef FCIS_KERNELS_TRAIN_UPDATE_RULES_H_
#define FCIS_KERNELS_TRAIN_UPDATE_RULES_H_

#include <cmath>

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

// The parameters of a run are those of its OptimizerConfig.
struct SgdParams {
  float lr = 0;
  float momentum = 0;
  float weight_decay = 0;
  float scale = 1;  // 3 for head/psroi_conv1
};

// Momentum SGD with weight decay as the reference runs it: decay is added to
// the gradient first, then the layer's scale multiplies both
// (docs/reference.md, Training 15).
//   v = momentum v - lr (grad + decay w) scale;  w += v.
FCIS_HD inline void SgdUpdate(const SgdParams& params, float grad, float* w,
                              float* v) {
  const float g = (grad + params.weight_decay * *w) * params.scale;
  *v = params.momentum * *v - params.lr * g;
  *w += *v;
}

struct AdamWParams {
  float lr = 0;
  float beta1 = 0, beta2 = 0;
  float eps = 0;
  float weight_decay = 0;
  // 1 / (1 - beta^step), for steps counted from 1.
  float correction1 = 1, correction2 = 1;
};

// Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2).
// m, v: moments; w: the weight.
FCIS_HD inline void AdamWUpdate(const AdamWParams& p, float grad, float* w,
                                float* m, float* v) {
  *m = p.beta1 * *m + (1 - p.beta1) * grad;
  *v = p.beta2 * *v + (1 - p.beta2) * grad * grad;
  const float step = *m * p.correction1 / (sqrtf(*v * p.correction2) + p.eps);
  *w -= p.lr * (step + p.weight_decay * *w);
}

// e moves towards w (Polyak and Juditsky, 1992; exponential):
//   e = decay e + (1 - decay) w.
FCIS_HD inline void AveragedUpdate(float decay, float w, float* e) {
  *e += (1 - decay) * (w - *e);
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_UPDATE_RULES_H_
