// Gradients of the ops as plain loops with sums in double: the oracle of the
// training backends. Shapes are those of the forward ops
// (fcis/kernels/ops/*.h); every tensor is f32.
#ifndef FCIS_KERNELS_REF_REF_GRADIENTS_H_
#define FCIS_KERNELS_REF_REF_GRADIENTS_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/max_pool.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis {

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

// The gradient of x: all of a window's goes to its first largest value.
Tensor RefMaxPoolGradient(const MaxPoolParams& params, const Tensor& x,
                          const Tensor& gy);

// The gradient of maps [H,W,G*G*D] from gy [R,P,P,D]: every pixel of a cell's
// window gets gy / area.
Tensor RefPsroiPoolGradient(const PsroiParams& params, const Shape& maps,
                            const Tensor& rois, const Tensor& gy);

// The gradient of maps from that of ops::PsroiMean, gy [R,D].
Tensor RefPsroiMeanGradient(const PsroiParams& params, const Shape& maps,
                            const Tensor& rois, const Tensor& gy);

// The gradient of maps from those of ops::PsroiClassScores (gscores [R,C]) and
// ops::PsroiClassPair (gpairs [R,P,P,2]; classes i32 [R], < 0: none); pooled:
// what ops::PsroiPool gave.
Tensor RefPsroiClassGradient(const PsroiParams& params, const Shape& maps,
                             const Tensor& rois, const Tensor& pooled,
                             const Tensor& gscores, const Tensor& classes,
                             const Tensor& gpairs);

}  // namespace fcis

#endif  // FCIS_KERNELS_REF_REF_GRADIENTS_H_
