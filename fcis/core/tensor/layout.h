// The house keeps feature maps as N,H,W,C; files in the reference's naming keep
// N,C,H,W. These convert at the border.
#ifndef FCIS_CORE_TENSOR_LAYOUT_H_
#define FCIS_CORE_TENSOR_LAYOUT_H_

#include "fcis/core/tensor/tensor.h"

namespace fcis {

// f32, rank 4 (CHECKed).
Tensor NhwcToNchw(const Tensor& t);
Tensor NchwToNhwc(const Tensor& t);

}  // namespace fcis

#endif  // FCIS_CORE_TENSOR_LAYOUT_H_
