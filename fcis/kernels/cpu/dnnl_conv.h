// Convolutions through oneDNN on N,H,W,C tensors, with bias, residual sum and
// ReLU fused. See fcis/kernels/ops/conv.h.
#ifndef FCIS_KERNELS_CPU_DNNL_CONV_H_
#define FCIS_KERNELS_CPU_DNNL_CONV_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis {

// A runner holds what all convolutions of a backend share: the oneDNN engine,
// compiled primitives (one per geometry; all are dropped when there are 1024)
// and the scratchpad. One call at a time.
class DnnlConvRunner {
 public:
  // activation_type: f32 or bf16, the type that convolutions compute in.
  explicit DnnlConvRunner(DType activation_type);
  ~DnnlConvRunner();

  absl::StatusOr<std::unique_ptr<PreparedConv>> Prepare(
      const ConvParams& params, const Tensor& weight, const Tensor& bias);

  // As Backend::Conv. The first run of a convolution brings its weights into
  // the layout that oneDNN asks for and lets go of the original.
  absl::Status Run(PreparedConv& conv, const Tensor& x, const Tensor* residual,
                   Tensor* y);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fcis

#endif  // FCIS_KERNELS_CPU_DNNL_CONV_H_
