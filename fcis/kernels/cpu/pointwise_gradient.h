// Gradients of the weights of 1x1 convolutions in f32, on CPUs with AVX-512.
#ifndef FCIS_KERNELS_CPU_POINTWISE_GRADIENT_H_
#define FCIS_KERNELS_CPU_POINTWISE_GRADIENT_H_

#include <cstdint>
#include <vector>

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

// Gradients of which few pixels are not 0: those of the score maps, as the RoIs
// of a picture leave gaps in each bin, and of the RPN, whose anchors are
// sampled. Products over the others are left out.

// The gradients of a 3x3 kernel that WinoConv fits; maps and results as above.
// False, and nothing is done, where Winograd's algorithm takes fewer products.
bool RunFewPixelsGradient(const ConvParams& params, const Tensor& x,
                          const Tensor& gy, bool add, float* gweights,
                          float* gbias);

// The pixels of a map that are not 0, by groups of channels.
class FewPixels {
 public:
  // Of gy as above. most: the share of pixels that counts as few.
  FewPixels(const Tensor& gy, double most);

  // Where there are more, or the first ones are so many; else Run may be
  // called.
  bool too_many() const { return lists_.empty(); }

  // The gradient of x, f32 in nChw16c, of the same gy and a kernel O,I,KH,KW of
  // either kind: 1x1 of stride 1, or such a 3x3. weights: in IOhw16o16i. The
  // same bits for any number of threads.
  void Run(const ConvParams& params, const Shape& weight, const float* weights,
           const Tensor& gy, Tensor* gx) const;

 private:
  struct Pixel {
    int32_t y, x;
  };
  const std::vector<Pixel>& List(int64_t picture, int64_t group) const {
    return lists_[static_cast<size_t>(picture * groups_ + group)];
  }
  // Adds to some outputs of a picture.
  class Share;

  int64_t groups_;
  std::vector<std::vector<Pixel>> lists_;  // by picture and group
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_POINTWISE_GRADIENT_H_
