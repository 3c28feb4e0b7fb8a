#include "fcis/kernels/ref/ref_int8_conv.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

// f(the elements) of a map of 8 bits.
template <typename F>
auto WithElements(const Tensor& map, const F& f) {
  return map.type() == DType::kU8 ? f(map.data<uint8_t>())
                                  : f(map.data<int8_t>());
}

// sums[o] of the output pixel (n, oy, ox).
template <typename X>
void SumWindow(const ConvParams& p, const X* x, const Shape& shape,
               const Tensor& weight, int64_t n, int64_t oy, int64_t ox,
               std::vector<int32_t>* sums) {
  const int64_t in = shape.dim(3), kh = weight.dim(2), kw = weight.dim(3);
  std::fill(sums->begin(), sums->end(), 0);
  for (int64_t tap = 0; tap < kh * kw; ++tap) {
    const int64_t iy = oy * p.stride - p.pad + tap / kw * p.dilation;
    const int64_t ix = ox * p.stride - p.pad + tap % kw * p.dilation;
    if (iy < 0 || iy >= shape.dim(1) || ix < 0 || ix >= shape.dim(2)) continue;
    const X* pixel = x + ((n * shape.dim(1) + iy) * shape.dim(2) + ix) * in;
    for (size_t o = 0; o < sums->size(); ++o) {
      const int8_t* w =
          weight.data<int8_t>() + static_cast<int64_t>(o) * in * kh * kw + tap;
      for (int64_t c = 0; c < in; ++c) {
        (*sums)[o] += int32_t{pixel[c]} * w[c * kh * kw];
      }
    }
  }
}

}  // namespace

RefInt8Conv::RefInt8Conv(const Int8ConvParams& params,
                         const Int8Weights& weights)
    : Int8Convolution(params, weights.elements.shape()),
      elements_(weights.elements),
      factors_(Int8FactorsOf(params, weights)) {}

absl::Status RefInt8Conv::Forward(const Tensor& x, const Tensor* residual,
                                  Tensor* y) {
  const int64_t height = y->dim(1), width = y->dim(2), out = y->dim(3);
  Tensor added, values(y->shape());
  if (residual != nullptr) added = FromInt8(*residual, 1, DType::kF32);
  auto* const to = values.mutable_data<float>();
  const float* const add = residual == nullptr ? nullptr : added.data<float>();
  ParallelFor(y->dim(0) * height, 1, [&](int64_t begin, int64_t end) {
    std::vector<int32_t> sums(static_cast<size_t>(out));
    for (int64_t pixel = begin * width; pixel < end * width; ++pixel) {
      const int64_t row = pixel / width;
      WithElements(x, [&](const auto* from) {
        SumWindow(params(), from, x.shape(), elements_, row / height,
                  row % height, pixel % width, &sums);
      });
      for (int64_t o = 0; o < out; ++o) {
        const auto i = static_cast<size_t>(o);
        float v = (static_cast<float>(sums[i]) + factors_.bias[i]) *
                  factors_.factor[i];
        if (add != nullptr) v += factors_.residual * add[pixel * out + o];
        to[pixel * out + o] = params().relu ? std::max(v, 0.0f) : v;
      }
    }
  });
  const Tensor result = int8_params().y ? ToInt8(values, {y->type(), 1})
                                        : AsMapType(values, y->type());
  std::copy_n(static_cast<const char*>(result.raw()), result.num_bytes(),
              static_cast<char*>(y->mutable_raw()));
  return absl::OkStatus();
}

}  // namespace fcis::kernels
