// Sums and affine maps per channel (TrainBackend::ChannelSums, Affine) of
// feature maps whose channels lie in blocks.
#ifndef FCIS_KERNELS_CPU_CPU_CHANNEL_OPS_H_
#define FCIS_KERNELS_CPU_CPU_CHANNEL_OPS_H_

#include <cstdint>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {

// block: consecutive channels (fcis/kernels/cpu/dnnl_layout.h). Maps of f32 or
// bf16 (`type`); the last block is padded with 0, and stays so.
void CpuChannelSums(const FeatureMap& a, const FeatureMap& b, DType type,
                    int64_t block, double* sum, double* product);
// y: allocated as x.
void CpuAffine(const ChannelAffine& affine, const FeatureMap& x,
               const FeatureMap* other, DType type, int64_t block,
               FeatureMap* y);

}  // namespace fcis

#endif  // FCIS_KERNELS_CPU_CPU_CHANNEL_OPS_H_
