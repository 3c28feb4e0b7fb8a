// Gradients of position-sensitive RoI pooling, vectorised, bin by bin as
// cpu_psroi.h; see fcis/kernels/train/train_backend.h for arguments. Equal for
// any number of threads.
#ifndef FCIS_KERNELS_CPU_CPU_PSROI_GRADIENT_H_
#define FCIS_KERNELS_CPU_CPU_PSROI_GRADIENT_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::kernels {

// gmaps: f32 [H,W,G*G*D], overwritten.
void CpuPsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                          const Tensor& gy, Tensor* gmaps);
void CpuPsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                           const Tensor& rois, const Tensor& gscores,
                           const Tensor& classes, const Tensor& gpairs,
                           Tensor* gmaps);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CPU_PSROI_GRADIENT_H_
