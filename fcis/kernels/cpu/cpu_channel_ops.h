// Sums and affine maps per channel (TrainBackend::ChannelSums, Affine) of
// feature maps whose channels lie in blocks.
#ifndef FCIS_KERNELS_CPU_CPU_CHANNEL_OPS_H_
#define FCIS_KERNELS_CPU_CPU_CHANNEL_OPS_H_

#include <cstdint>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// block: consecutive channels (ChannelBlock in fcis/kernels/cpu/dnnl_layout.h).
// Maps of f32 or bf16; the last block is padded with 0, and stays so.
void CpuChannelSums(const Tensor& a, const Tensor& b, int64_t block,
                    double* sum, double* product);
// y: allocated as x.
void CpuAffine(const ChannelAffine& affine, const Tensor& x,
               const Tensor* other, int64_t block, Tensor* y);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CPU_CHANNEL_OPS_H_
