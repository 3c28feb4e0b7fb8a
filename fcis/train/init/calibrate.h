// Statistics for batch norms that are not learned: training from scratch then
// begins as with batch norm, each channel of mean 0 and variance 1.
#ifndef FCIS_TRAIN_INIT_CALIBRATE_H_
#define FCIS_TRAIN_INIT_CALIBRATE_H_

#include <vector>

#include "absl/status/status.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/weights/weights.h"

namespace fcis::train {

// Sets avg_mean and avg_var of every batch norm to the statistics of what it
// sees when the pictures (f32 [1,h,w,3], at least one) pass the backbone, layer
// by layer (data-dependent initialisation: Salimans and Kingma, 2016, section
// 3). `backend`: f32.
absl::Status CalibrateNorms(const std::vector<Tensor>& pictures,
                            kernels::Backend* backend, model::Weights* weights);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_INIT_CALIBRATE_H_
