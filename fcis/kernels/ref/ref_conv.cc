#include "fcis/kernels/ref/ref_conv.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/ref_gradients.h"

namespace fcis::kernels {
namespace {

// O,I,KH,KW -> KH,KW,I,O, so that the innermost loop runs over outputs.
Tensor OutputsLast(const Tensor& weight) {
  const int64_t o = weight.dim(0), i = weight.dim(1);
  const int64_t taps = weight.dim(2) * weight.dim(3);
  Tensor result(Shape{weight.dim(2), weight.dim(3), i, o});
  const float* from = weight.data<float>();
  float* to = result.mutable_data<float>();
  for (int64_t t = 0; t < taps; ++t) {
    for (int64_t c = 0; c < i; ++c) {
      for (int64_t k = 0; k < o; ++k) {
        to[(t * i + c) * o + k] = from[(k * i + c) * taps + t];
      }
    }
  }
  return result;
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

// Rounded to `type`, kept as f32.
void RoundTo(DType type, Tensor* t) {
  if (type == DType::kF32) return;
  WithNarrowType(type, [t](auto tag) {
    MapElement<decltype(tag)> rounded;
    for (float& v : t->mutable_span<float>()) {
      StoreF32(v, &rounded);
      v = LoadF32(rounded);
    }
  });
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
  const float* b = bias.data<float>();
  Y* to = y->mutable_data<Y>();
  const Y* add = residual == nullptr ? nullptr : residual->data<Y>();
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

}  // namespace

RefConv::RefConv(const ConvParams& params, const Tensor& weight,
                 const Tensor& bias, DType operand_type)
    : TrainedConvolution(params, weight.shape()),
      operand_type_(operand_type),
      factors_(weight.num_elements()),
      weight_(OutputsLast(weight)),
      bias_(bias) {
  RoundTo(operand_type_, &weight_);
}

RefConv::RefConv(const ConvParams& params, const Shape& weight_shape,
                 absl::Span<const float> factors)
    : TrainedConvolution(params, weight_shape),
      operand_type_(DType::kF32),
      factors_(OutputFactors::OutputsFirst(weight_shape.num_elements(),
                                           weight_shape.dim(0), factors)),
      folded_(weight_shape) {}

void RefConv::ToStored(const Tensor& weight, float* stored) const {
  std::copy_n(weight.data<float>(), weight.num_elements(), stored);
}

Tensor RefConv::FromStored(const float* stored) const {
  return Tensor::FromSpan(weight_shape(),
                          absl::MakeConstSpan(stored, factors_.size()));
}

absl::Status RefConv::Set(const float* stored, const float* bias) {
  const int64_t out = weight_shape().dim(0);
  factors_.Apply(stored, folded_.mutable_data<float>());
  weight_ = OutputsLast(folded_);
  bias_ = Tensor::FromSpan({out}, absl::MakeConstSpan(bias, out));
  return absl::OkStatus();
}

absl::Status RefConv::Forward(const Tensor& input, const Tensor* residual,
                              Tensor* y) {
  Tensor x = input;
  if (x.type() != operand_type_) {  // f32 for a convolution of 16 bits
    x = input.Clone();
    RoundTo(operand_type_, &x);
  }
  WithMapType(x.type(), [&](auto of_x) {
    WithMapType(y->type(), [&](auto of_y) {
      RunRows<MapElement<decltype(of_x)>, MapElement<decltype(of_y)>>(
          params(), x, weight_, bias_, residual, y);
    });
  });
  return absl::OkStatus();
}

absl::StatusOr<Tensor> RefConv::GradientOfX(const Shape& x, const Tensor& gy) {
  return RefConvGradientOfX(params(), x, folded_, gy);
}

absl::Status RefConv::GradientOfWeight(const Tensor& x, const Tensor& gy,
                                       bool add, float* gweight, float* gbias) {
  const auto put = [add](const Tensor& from, float* to) {
    for (const float v : from.span<float>()) {
      *to = add ? *to + v : v;
      ++to;
    }
  };
  const WeightGradients g =
      RefConvGradientOfWeight(params(), x, weight_shape(), gy);
  put(g.weight, gweight);
  put(g.bias, gbias);
  return absl::OkStatus();
}

}  // namespace fcis::kernels
