// Gradients of 1x1 convolutions in bf16 of which few pixels are not 0, on CPUs
// with AVX512_BF16 and no AMX: those of the score maps, as the RoIs of a
// picture leave gaps in each bin, and of the RPN's outputs, whose anchors are
// sampled. Products over the others are left out. (In f32:
// pointwise_gradient.h.)
#ifndef FCIS_KERNELS_CPU_FEW_PIXELS_H_
#define FCIS_KERNELS_CPU_FEW_PIXELS_H_

#include <cstdint>

#include "dnnl.hpp"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Whether these functions take such a convolution with a kernel O,I,KH,KW: 1x1
// of stride 1 without padding, inputs in thirty-twos, on such a CPU.
bool FitsFewPixels(const ConvParams& params, const Shape& weight);

// Maps are bf16 N,H,W,C. Sums are in f32, of exact products, in one order: the
// same bits for any number of threads. With u = 2^-24,
//   |gw - exact| <= 2 P u sum |gy| |x|, of P pixels,
//   |gx - exact| <= 2 O u sum |gy| |w| + 2^-8 |gx|;
// numbers below 2^-126 count as 0. False, and nothing is done, where more than
// three quarters of the pixels are not 0.

// Sets the gradient of the weights, O,I.
bool FewPixelsByWeights(const Tensor& x, const Tensor& gy, float* gweights);

// Of weights in FewPixelsWeights, sets the gradient of x.
bool FewPixelsByData(const Tensor& gy, const uint16_t* weights, Tensor* gx);
dnnl::memory::desc FewPixelsWeights(const Shape& weight);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_FEW_PIXELS_H_
