// Position-sensitive RoI pooling, vectorised, in the forms that prediction and
// training wait for; see fcis/kernels/ops/psroi_pool.h for arguments and
// results.
//
// Work goes bin by bin: the slice of the maps that one bin needs (1.3 MB for
// 81 classes on a 38x50 map) is copied to a dense buffer once and stays in the
// level-2 cache while all RoIs read it. Cells of a RoI whose windows coincide
// are summed once.
//
// kClassPair equals the reference backend bit for bit. kMean and kClassScores
// multiply by 1/area where it divides and add in the order bin, cell; they are
// the same for any number of threads.
#ifndef FCIS_KERNELS_CPU_CPU_PSROI_H_
#define FCIS_KERNELS_CPU_CPU_PSROI_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::kernels {

// Any form but kPool.
void CpuPsroi(PsroiForm form, const PsroiParams& params, const Tensor& maps,
              const Tensor& rois, const Tensor& classes, Tensor* y);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CPU_PSROI_H_
