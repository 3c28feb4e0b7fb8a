// Gradients through frozen batch norm and through a whole bottleneck, as plain
// loops: the oracle of training (FIXTURES ops_bn_blocks).
#ifndef FCIS_MODEL_FROZEN_GRADIENTS_H_
#define FCIS_MODEL_FROZEN_GRADIENTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/bottleneck.h"
#include "fcis/model/weights/weights.h"

namespace fcis {

// Of sum(y * gy) for y = gamma (x - mean) / sqrt(var + eps) + beta with stored
// statistics; x, gy: f32 [N,H,W,C].
struct BatchNormGradients {
  Tensor x, gamma, beta;
};
BatchNormGradients FrozenBatchNormGradients(const Tensor& x,
                                            const Tensor& gamma,
                                            const Tensor& mean,
                                            const Tensor& var, double eps,
                                            const Tensor& gy);

// Of sum(y * gy) for y = bottleneck(x). Kernels' gradients are those of the
// stored weights (before folding), by name: "<name>/conv2/W", ...
struct BottleneckGradients {
  Tensor x;
  std::map<std::string, Tensor> weights;
};
absl::StatusOr<BottleneckGradients> FrozenBottleneckGradients(
    const Weights& weights, const std::string& name,
    const BottleneckParams& params, const Tensor& x, const Tensor& gy);

}  // namespace fcis

#endif  // FCIS_MODEL_FROZEN_GRADIENTS_H_
