// Position-sensitive RoI pooling as plain loops; see
// fcis/kernels/ops/psroi_pool.h for arguments and results.
#ifndef FCIS_KERNELS_REF_REF_PSROI_H_
#define FCIS_KERNELS_REF_REF_PSROI_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis {

void RefPsroiPool(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, Tensor* y);
void RefPsroiMean(const PsroiParams& params, const Tensor& maps,
                  const Tensor& rois, Tensor* y);
void RefPsroiClassScores(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y);
void RefPsroiClassPair(const PsroiParams& params, const Tensor& maps,
                       const Tensor& rois, const Tensor& classes, Tensor* y);

}  // namespace fcis

#endif  // FCIS_KERNELS_REF_REF_PSROI_H_
