// Convolution as plain loops; see fcis/kernels/ops/conv.h.
#ifndef FCIS_KERNELS_REF_REF_CONV_H_
#define FCIS_KERNELS_REF_REF_CONV_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis {

class RefConv : public PreparedConv {
 public:
  // Weights and inputs are rounded to `operand_type` (a type of maps).
  RefConv(const ConvParams& params, const Tensor& weight, const Tensor& bias,
          DType operand_type);

  // Shapes are valid; residual: null or like y, may share its memory.
  void Run(const Tensor& x, const Tensor* residual, Tensor* y) const;

 private:
  const DType operand_type_;
  Tensor weight_;  // kernel height, kernel width, in, out
  Tensor bias_;
};

}  // namespace fcis

#endif  // FCIS_KERNELS_REF_REF_CONV_H_
