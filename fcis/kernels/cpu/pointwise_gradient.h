// Gradients of the weights of 1x1 convolutions in f32, on CPUs with AVX-512.
#ifndef FCIS_KERNELS_CPU_POINTWISE_GRADIENT_H_
#define FCIS_KERNELS_CPU_POINTWISE_GRADIENT_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Whether RunPointwiseGradient takes such a convolution with a kernel
// O,I,KH,KW: 1x1 of stride 1 without padding, 16 channels at least, on such a
// CPU.
bool FitsPointwiseGradient(const ConvParams& params, const Shape& weight);

// The gradients of its weights, in oneDNN's layout OIhw16i16o with padding, and
// of its bias, set or added. x and gy: f32 N,H,W,I and N,H,W,O in
// Layout::kBackend, there nChw16c. Sums are over the pixels in order, the same
// bit for bit for any number of threads.
void RunPointwiseGradient(const Tensor& x, const Tensor& gy, bool add,
                          float* gweights, float* gbias);

// Where few pixels of gy are not 0 (those of the RPN that no sampled anchor has
// are), the gradients of a 3x3 kernel that WinoConv fits, as products over
// these pixels alone; maps and results as above. False, and nothing is done,
// where Winograd's algorithm takes fewer products.
bool RunFewPixelsGradient(const ConvParams& params, const Tensor& x,
                          const Tensor& gy, bool add, float* gweights,
                          float* gbias);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_POINTWISE_GRADIENT_H_
