#include "fcis/kernels/ref/ref_gradients.h"

#include <algorithm>
#include <vector>

namespace fcis::kernels {
namespace {

Tensor Rounded(const std::vector<double>& sums, const Shape& shape) {
  Tensor t(shape);
  std::transform(sums.begin(), sums.end(), t.mutable_data<float>(),
                 [](double v) { return static_cast<float>(v); });
  return t;
}

// Calls visit(output pixel, input pixel, kernel tap) for every pair of pixels
// that a tap joins.
template <typename Visit>
void ForEachTap(const ConvParams& p, const Shape& x, const Shape& w,
                const Shape& y, const Visit& visit) {
  for (int64_t n = 0; n < y.dim(0); ++n) {
    for (int64_t oy = 0; oy < y.dim(1); ++oy) {
      for (int64_t ox = 0; ox < y.dim(2); ++ox) {
        const int64_t out = (n * y.dim(1) + oy) * y.dim(2) + ox;
        for (int64_t tap = 0; tap < w.dim(2) * w.dim(3); ++tap) {
          const int64_t iy =
              oy * p.stride - p.pad + tap / w.dim(3) * p.dilation;
          const int64_t ix =
              ox * p.stride - p.pad + tap % w.dim(3) * p.dilation;
          if (iy < 0 || ix < 0 || iy >= x.dim(1) || ix >= x.dim(2)) continue;
          visit(out, (n * x.dim(1) + iy) * x.dim(2) + ix, tap);
        }
      }
    }
  }
}

}  // namespace

Tensor RefConvGradientOfX(const ConvParams& params, const Shape& x,
                          const Tensor& weight, const Tensor& gy) {
  const int64_t outs = weight.dim(0), ins = weight.dim(1);
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<double> gx(x.num_elements());
  ForEachTap(params, x, weight.shape(), gy.shape(),
             [&](int64_t out, int64_t in, int64_t tap) {
               for (int64_t o = 0; o < outs; ++o) {
                 const double g = gy.data<float>()[out * outs + o];
                 for (int64_t i = 0; i < ins; ++i) {
                   const int64_t w = (o * ins + i) * taps + tap;
                   gx[in * ins + i] += g * weight.data<float>()[w];
                 }
               }
             });
  return Rounded(gx, x);
}

WeightGradients RefConvGradientOfWeight(const ConvParams& params,
                                        const Tensor& x, const Shape& weight,
                                        const Tensor& gy) {
  const int64_t outs = weight.dim(0), ins = weight.dim(1);
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<double> gw(weight.num_elements()), gb(outs);
  for (int64_t i = 0; i < gy.num_elements(); ++i) {
    gb[i % outs] += gy.data<float>()[i];
  }
  ForEachTap(params, x.shape(), weight, gy.shape(),
             [&](int64_t out, int64_t in, int64_t tap) {
               for (int64_t o = 0; o < outs; ++o) {
                 const double g = gy.data<float>()[out * outs + o];
                 for (int64_t i = 0; i < ins; ++i) {
                   gw[(o * ins + i) * taps + tap] +=
                       g * x.data<float>()[in * ins + i];
                 }
               }
             });
  return {Rounded(gw, weight), Rounded(gb, Shape{outs})};
}

}  // namespace fcis::kernels
