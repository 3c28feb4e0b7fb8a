// Max pooling, vectorised over channels; see fcis/kernels/ops/max_pool.h.
#ifndef FCIS_KERNELS_CPU_CPU_MAX_POOL_H_
#define FCIS_KERNELS_CPU_CPU_MAX_POOL_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/max_pool.h"

namespace fcis::kernels {

// x: f32 or bf16, y like it.
void CpuMaxPool(const MaxPoolParams& params, const Tensor& x, Tensor* y);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CPU_MAX_POOL_H_
