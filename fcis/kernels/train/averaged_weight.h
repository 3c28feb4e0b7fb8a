// Averaged weights: e moves towards w (Polyak and Juditsky, 1992; exponential).
#ifndef FCIS_KERNELS_TRAIN_AVERAGED_WEIGHT_H_
#define FCIS_KERNELS_TRAIN_AVERAGED_WEIGHT_H_

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

// e = decay e + (1 - decay) w.
FCIS_HD inline void AveragedUpdate(float decay, float w, float* e) {
  *e += (1 - decay) * (w - *e);
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TRAIN_AVERAGED_WEIGHT_H_
