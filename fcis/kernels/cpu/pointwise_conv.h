// 1x1 convolutions in f32 on CPUs with AVX-512, forward and back: products of
// matrices in the layouts that training keeps, with what else is done to each
// result.
#ifndef FCIS_KERNELS_CPU_POINTWISE_CONV_H_
#define FCIS_KERNELS_CPU_POINTWISE_CONV_H_

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Whether these take such a convolution with a kernel O,I,KH,KW: 1x1 without
// padding, of any stride, 16 channels at least, on such a CPU.
bool FitsPointwise(const ConvParams& params, const Shape& weight);

// What happens to the sums.
struct PointwiseEnd {
  const float* bias = nullptr;    // of the outputs; null: 0
  const Tensor* added = nullptr;  // as y, may be y; null: 0
  bool relu = false;
  const Tensor* gate = nullptr;  // as y; set, y is 0 where it is not above 0
};

// y = end(weights x). weights: O,I in oneDNN's layout OIhw16i16o with padding.
// Maps: f32 N,H,W,I and N,H,W,O, equally large, in Layout::kBackend, which is
// nChw16c. The gradient of x is that of weights in IOhw16o16i. Sums are over
// the channels in order, the same bit for bit for any number of threads.
void RunPointwise(const float* weights, const PointwiseEnd& end,
                  const Tensor& x, Tensor* y);

// The gradients of the weights (as above) and bias, set or added; sums are over
// the pixels in order.
void RunPointwiseGradient(const Tensor& x, const Tensor& gy, bool add,
                          float* gweights, float* gbias);

// The pixels of x, f32 in nChw16c, that a kernel of this stride reads for maps
// of shape y; and a map of shape x with these pixels, 0 elsewhere.
Tensor GatherPixels(const Tensor& x, const Shape& y, int stride);
Tensor ScatterPixels(const Tensor& pixels, const Shape& x, int stride);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_POINTWISE_CONV_H_
