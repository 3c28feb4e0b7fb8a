// What oneDNN does with feature maps beside convolutions.
#ifndef FCIS_KERNELS_CPU_DNNL_MAPS_H_
#define FCIS_KERNELS_CPU_DNNL_MAPS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/ops/max_pool.h"

namespace fcis::kernels {

// As Backend::Convert; f32 and bf16.
absl::StatusOr<Tensor> DnnlConvert(const Tensor& map, DType type, Layout layout,
                                   DnnlContext* context);

// As Backend::MaxPool and TrainBackend::MaxPoolGradient, of maps in any layout.
absl::Status DnnlMaxPool(const MaxPoolParams& params, const Tensor& x,
                         DnnlContext* context, Tensor* y);
absl::StatusOr<Tensor> DnnlMaxPoolGradient(const MaxPoolParams& params,
                                           const Tensor& x, const Tensor& gy,
                                           DnnlContext* context);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_MAPS_H_
