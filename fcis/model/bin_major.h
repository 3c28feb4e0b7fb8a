// The output channels of position-sensitive convolutions: value-major in
// files, bin by bin in the kernels (fcis/kernels/ops/psroi_pool.h).
#ifndef FCIS_MODEL_BIN_MAJOR_H_
#define FCIS_MODEL_BIN_MAJOR_H_

#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

// The rows (output channels) of a weight or a bias, [group * group * depth,
// ...] of any type, in the order of the kernels' channels, and back.
Tensor BinMajorRows(const Tensor& reference, int group_size);
Tensor ReferenceRows(const Tensor& bin_major, int group_size);

}  // namespace fcis::model

#endif  // FCIS_MODEL_BIN_MAJOR_H_
