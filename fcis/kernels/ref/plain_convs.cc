#include "fcis/kernels/ref/plain_convs.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

// The tensor without a question where it is; `t` outlives the view.
Tensor View(const Tensor& t) {
  return Tensor::View(t.shape(), t.type(), t.raw(), nullptr);
}

// [out,kh,kw,in] -> f32 [kh,kw,in,out], so that the innermost loop runs over
// outputs.
Tensor OutputsLast(const Tensor& w) {
  const int64_t out = w.dim(0), rest = w.num_elements() / out;
  const Tensor from = AsF32(View(w));
  Tensor result(Shape{w.dim(1), w.dim(2), w.dim(3), out});
  float* to = result.mutable_data<float>();
  for (int64_t i = 0; i < rest; ++i) {
    for (int64_t o = 0; o < out; ++o) {
      *to++ = from.data<float>()[o * rest + i];
    }
  }
  return result;
}

// Sums, rounded to f32 and then to the type of `to`.
void Store(const std::vector<double>& sums, Tensor* to) {
  WithMapType(to->type(), [&](auto t) {
    auto* out = MutableElements<MapElement<decltype(t)>>(to);
    for (const double v : sums) StoreF32(static_cast<float>(v), out++);
  });
}

// sum[o] += x[c] * w[c][o] over all channels of one input pixel.
template <typename T>
void AddPixel(const T* x, const float* w, int64_t in, int64_t out,
              double* sum) {
  for (int64_t c = 0; c < in; ++c) {
    const double value = LoadF32(x[c]);
    for (int64_t o = 0; o < out; ++o) sum[o] += value * w[c * out + o];
  }
}

// Sums of the output pixel (n, oy, ox).
template <typename T>
void SumWindow(const ConvParams& p, const Tensor& x, const Tensor& weight,
               int64_t n, int64_t oy, int64_t ox, double* sum) {
  const int64_t in = x.dim(3), out = weight.dim(3);
  for (int64_t kh = 0; kh < weight.dim(0); ++kh) {
    const int64_t iy = oy * p.stride - p.pad + kh * p.dilation;
    if (iy < 0 || iy >= x.dim(1)) continue;
    for (int64_t kw = 0; kw < weight.dim(1); ++kw) {
      const int64_t ix = ox * p.stride - p.pad + kw * p.dilation;
      if (ix < 0 || ix >= x.dim(2)) continue;
      AddPixel(x.data<T>() + ((n * x.dim(1) + iy) * x.dim(2) + ix) * in,
               weight.data<float>() + (kh * weight.dim(1) + kw) * in * out, in,
               out, sum);
    }
  }
}

template <typename T>
void StorePixel(const std::vector<double>& sum, const T* residual, bool relu,
                T* y) {
  for (size_t o = 0; o < sum.size(); ++o) {
    double value = sum[o];
    if (residual != nullptr) value += LoadF32(residual[o]);
    if (relu) value = std::max(value, 0.0);
    StoreF32(static_cast<float>(value), &y[o]);
  }
}

template <typename X, typename Y>
void RunRows(const ConvParams& p, const Tensor& x, const Tensor& weight,
             const Tensor& bias, const Tensor* residual, Tensor* y) {
  const int64_t height = y->dim(1), width = y->dim(2), out = y->dim(3);
  const float* b = Elements<float>(bias);
  Y* to = MutableElements<Y>(y);
  const Y* add = residual == nullptr ? nullptr : Elements<Y>(*residual);
  ParallelFor(y->dim(0) * height, 1, [&](int64_t begin, int64_t end) {
    std::vector<double> sum(out);
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t ox = 0; ox < width; ++ox) {
        std::copy(b, b + out, sum.begin());
        SumWindow<X>(p, x, weight, row / height, row % height, ox, sum.data());
        const int64_t at = (row * width + ox) * out;
        StorePixel(sum, add == nullptr ? nullptr : add + at, p.relu, to + at);
      }
    }
  });
}

// Calls visit(output pixel, input pixel, kernel tap) for every pair of pixels
// that a tap joins.
template <typename Visit>
void ForEachTap(const ConvProblem& problem, const Visit& visit) {
  const ConvParams& p = problem.params;
  const Shape &x = problem.x, &y = problem.y;
  const int64_t height = problem.weight.dim(2), width = problem.weight.dim(3);
  for (int64_t out = 0; out < y.dim(0) * y.dim(1) * y.dim(2); ++out) {
    const int64_t row = out / y.dim(2), n = row / y.dim(1);
    for (int64_t tap = 0; tap < height * width; ++tap) {
      const int64_t iy =
          row % y.dim(1) * p.stride - p.pad + tap / width * p.dilation;
      const int64_t ix =
          out % y.dim(2) * p.stride - p.pad + tap % width * p.dilation;
      if (iy < 0 || ix < 0 || iy >= x.dim(1) || ix >= x.dim(2)) continue;
      visit(out, (n * x.dim(1) + iy) * x.dim(2) + ix, tap);
    }
  }
}

}  // namespace

absl::Status PlainConvs::Forward(const ConvProblem& problem, const Tensor& x,
                                 const Tensor& w, const Tensor& bias,
                                 const Tensor* residual, Tensor* y) {
  const Tensor weight = OutputsLast(w);
  WithMapType(x.type(), [&](auto of_x) {
    WithMapType(y->type(), [&](auto of_y) {
      RunRows<MapElement<decltype(of_x)>, MapElement<decltype(of_y)>>(
          problem.params, View(x), weight, bias, residual, y);
    });
  });
  return absl::OkStatus();
}

absl::Status PlainConvs::GradientOfX(const ConvProblem& problem,
                                     const Tensor& w, const Tensor& gy,
                                     Tensor* gx) {
  const Tensor weight = AsF32(View(w)), from = AsF32(View(gy));
  const int64_t outs = w.dim(0), taps = w.dim(1) * w.dim(2), ins = w.dim(3);
  std::vector<double> sums(gx->num_elements());
  ForEachTap(problem, [&](int64_t out, int64_t in, int64_t tap) {
    for (int64_t o = 0; o < outs; ++o) {
      const double g = from.data<float>()[out * outs + o];
      const float* const row = weight.data<float>() + (o * taps + tap) * ins;
      for (int64_t i = 0; i < ins; ++i) sums[in * ins + i] += g * row[i];
    }
  });
  Store(sums, gx);
  return absl::OkStatus();
}

absl::Status PlainConvs::GradientOfWeight(const ConvProblem& problem,
                                          const Tensor& x, const Tensor& gy,
                                          Tensor* gw) {
  const Tensor by = AsF32(View(x)), from = AsF32(View(gy));
  const int64_t outs = gw->dim(0), taps = gw->dim(1) * gw->dim(2),
                ins = gw->dim(3);
  std::vector<double> sums(gw->num_elements());
  ForEachTap(problem, [&](int64_t out, int64_t in, int64_t tap) {
    for (int64_t o = 0; o < outs; ++o) {
      const double g = from.data<float>()[out * outs + o];
      double* const row = &sums[(o * taps + tap) * ins];
      for (int64_t i = 0; i < ins; ++i) {
        row[i] += g * by.data<float>()[in * ins + i];
      }
    }
  });
  Store(sums, gw);
  return absl::OkStatus();
}

}  // namespace fcis::kernels
