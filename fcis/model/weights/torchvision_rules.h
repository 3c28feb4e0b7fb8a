// What torchvision's ResNets do otherwise than this network, as far as weights
// make up for it: their input is (pixel / 255 - mean) / std, and the epsilon of
// all their batch norms is 1e-5.
#ifndef FCIS_MODEL_WEIGHTS_TORCHVISION_RULES_H_
#define FCIS_MODEL_WEIGHTS_TORCHVISION_RULES_H_

#include <map>
#include <string>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

// Turn a backbone's tensors, under our names, from theirs into ours and back:
// the stem's kernel takes over the scale of the input, the stem's mean its
// shift, variances the difference of the epsilons. A tensor that changes is a
// new one. Computed in double: there and back, kernels and variances differ by
// one rounding each way, means by the roundings of the kernel's sum.
// config.input.mean has three values. At the picture's edge their padding is
// their mean, ours is ours, which differ by half a gray level.
void FromTorchvisionRules(const ModelConfig& config,
                          std::map<std::string, Tensor>* tensors);
void ToTorchvisionRules(const ModelConfig& config,
                        std::map<std::string, Tensor>* tensors);

}  // namespace fcis::model

#endif  // FCIS_MODEL_WEIGHTS_TORCHVISION_RULES_H_
