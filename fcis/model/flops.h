// Work of the network's convolutions.
#ifndef FCIS_MODEL_FLOPS_H_
#define FCIS_MODEL_FLOPS_H_

#include "fcis/core/config/fcis.pb.h"

namespace fcis {

// Floating-point operations (a multiplication and an addition count as two) of
// all convolutions for one prepared picture of height x width: backbone, RPN
// and score maps.
double NetworkFlops(const ModelConfig& config, int height, int width);

}  // namespace fcis

#endif  // FCIS_MODEL_FLOPS_H_
