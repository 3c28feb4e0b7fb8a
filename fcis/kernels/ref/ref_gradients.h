// Gradients of a convolution as plain loops with sums in double: the oracle of
// the training backends. Every tensor is f32.
#ifndef FCIS_KERNELS_REF_REF_GRADIENTS_H_
#define FCIS_KERNELS_REF_REF_GRADIENTS_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// The gradients of sum(y * gy) for y = conv(x, weight) + bias; ReLU and
// residual are the caller's: gy is the gradient before them.
Tensor RefConvGradientOfX(const ConvParams& params, const Shape& x,
                          const Tensor& weight, const Tensor& gy);
struct WeightGradients {
  Tensor weight;  // [out,in,kh,kw]
  Tensor bias;    // [out]
};
WeightGradients RefConvGradientOfWeight(const ConvParams& params,
                                        const Tensor& x, const Shape& weight,
                                        const Tensor& gy);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REF_REF_GRADIENTS_H_
