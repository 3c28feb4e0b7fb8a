// Gradients of the weights of convolutions in bf16 by AMX's products of tiles:
// 1x1 kernels, and 3x3 kernels of stride 1.
#ifndef FCIS_KERNELS_CPU_AMX_GRADIENT_H_
#define FCIS_KERNELS_CPU_AMX_GRADIENT_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Whether RunAmxGradient takes such a convolution with a kernel O,I,KH,KW, and
// this CPU has AMX.
bool FitsAmxGradient(const ConvParams& params, const Shape& weight);

// The gradients of its weights, O,I,KH,KW in oneDNN's layout OIhw16i16o with
// padding, and of its bias, set or added; x and gy: bf16 N,H,W,I and N,H,W,O.
// Padding gets 0. Sums are in f32, over pixels in an order of their own, which
// does not depend on the number of threads.
void RunAmxGradient(const ConvParams& params, const Shape& weight,
                    const Tensor& x, const Tensor& gy, bool add,
                    float* gweights, float* gbias);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_AMX_GRADIENT_H_
