#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/wino_cases.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Those of a block of channels and more than one.
std::vector<WinoCase> Cases() {
  std::vector<WinoCase> cases = WinoCases();
  cases.push_back({{1, 5, 9, 528}, 48, 1, false});
  return cases;
}

// Of maps in bf16, whose numbers stand in f32 in `o.x`.
Tensor Winograd(const WinoOperands& o) {
  const Tensor x = AsMapType(o.x, DType::kBF16);
  Tensor y(ops::InferConvShape(o.params, o.x.shape(), o.weight.shape()).value(),
           DType::kBF16);
  WinoConv(o.params, o.weight, o.bias, DType::kBF16).Run(x, &y);
  return y;
}

// U = G g G^T.
double KernelAt(const WinoMatrices& m, const WinoOperands& o, int64_t output,
                int64_t channel, int p, int q) {
  const float* const g =
      o.weight.data<float>() + (output * o.x.dim(3) + channel) * 9;
  double sum = 0;
  for (int r = 0; r < 3; ++r) {
    for (int s = 0; s < 3; ++s) {
      sum += m.kernel[p][r] * m.kernel[q][s] * double{g[r * 3 + s]};
    }
  }
  return sum;
}

// The error that wino_conv.h allows the sum of plane p, q.
double PlaneBound(const WinoMatrices& m, const WinoOperands& o, int64_t n,
                  int64_t h, int64_t w, int64_t output, int p, int q) {
  double bound = 0;
  for (int64_t begin = 0; begin < o.x.dim(3); begin += kWinoNarrowDepth) {
    const int64_t end = std::min(o.x.dim(3), begin + kWinoNarrowDepth);
    double vv = 0, uu = 0, v_sum = 0, u_sum = 0, u_most = 0;
    for (int64_t c = begin; c < end; ++c) {
      const double v = std::fabs(InputAt(m, o, n, h, w, c, p, q));
      const double u = std::fabs(KernelAt(m, o, output, c, p, q));
      vv += v * v;
      uu += u * u;
      v_sum += v;
      u_sum += u;
      u_most = std::max(u_most, u);
    }
    const double v_size = std::sqrt(vv);
    const double u_size = std::max(std::sqrt(uu), 2 * u_most);
    bound += v_size * u_sum / 65000 + u_size * v_sum / 130000 +
             static_cast<double>(end - begin) * v_size * u_size / 8e9;
  }
  return bound;
}

double NarrowBound(const WinoMatrices& m, const WinoOperands& o, int64_t n,
                   int64_t h, int64_t w, int64_t output) {
  const int64_t d = o.params.dilation;
  double bound = 0;
  for (int p = 0; p < 6; ++p) {
    for (int q = 0; q < 6; ++q) {
      bound += std::fabs(m.out[h / d % 4][p] * m.out[w / d % 4][q]) *
               PlaneBound(m, o, n, h, w, output, p, q);
    }
  }
  return bound;
}

TEST_F(WinoNarrowTest, ErrorIsWithinTheBound) {
  const WinoMatrices m = MakeMatrices();
  for (const WinoCase& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const WinoOperands o = OfBf16(c);
    int wrong = 0;
    ForOutputs(AsF32(Winograd(o)), 67,
               [&](int64_t n, int64_t h, int64_t w, int64_t out, float y) {
                 const Exact e = ExactAt(o, n, h, w, out);
                 const double bound = NarrowBound(m, o, n, h, w, out) +
                                      e.bound + std::fabs(double{y}) / 256;
                 wrong += !(std::fabs(y - e.y) <= bound);
               });
    EXPECT_EQ(wrong, 0);
  }
}

// What the header says of random operands: beside direct sums of weights in
// bf16, whose result is rounded likewise.
TEST_F(WinoNarrowTest, RoundsLessThanDirectSums) {
  for (const int64_t channels : {64, 256, 512}) {
    const WinoOperands o = OfBf16({{1, 12, 12, channels}, 16, 1, false});
    WinoOperands rounded = o;
    rounded.weight = AsF32(AsMapType(o.weight, DType::kBF16));
    double squares = 0, direct_squares = 0;
    ForOutputs(AsF32(Winograd(o)), 5,
               [&](int64_t n, int64_t h, int64_t w, int64_t out, float y) {
                 const double want = ExactAt(o, n, h, w, out).y;
                 const double direct = FromBf16(ToBf16(
                     static_cast<float>(ExactAt(rounded, n, h, w, out).y)));
                 squares += (y - want) * (y - want);
                 direct_squares += (direct - want) * (direct - want);
               });
    EXPECT_LT(squares, direct_squares) << channels;
  }
}

// All products of a block have one sign and one size: the largest sums there
// are.
TEST_F(WinoNarrowTest, NoSumOverflows) {
  WinoOperands o = OfBf16({{1, 12, 12, 256}, 16, 1, false});
  for (const float sign : {-1.0f, 1.0f}) {
    for (float& x : o.x.mutable_span<float>()) x = 1;
    for (float& w : o.weight.mutable_span<float>()) w = sign;
    for (float& b : o.bias.mutable_span<float>()) b = 0;
    const Tensor y = AsF32(Winograd(o));
    // Of the pixels within.
    for (int64_t w = 1; w < 11; ++w) {
      EXPECT_NEAR(At(y, 0, 5, w, 3), sign * 9 * 256, 9) << w;
    }
  }
}

TEST_F(WinoNarrowTest, SizesOfNumbersDoNotMatter) {
  const WinoOperands o = OfBf16({{1, 9, 13, 272}, 48, 1, false});
  WinoOperands scaled = o;
  scaled.x = o.x.Clone();
  scaled.weight = o.weight.Clone();
  scaled.bias = o.bias.Clone();
  for (float& x : scaled.x.mutable_span<float>()) x *= 0x1p50f;
  for (float& w : scaled.weight.mutable_span<float>()) w *= 0x1p-45f;
  for (float& b : scaled.bias.mutable_span<float>()) b *= 32;
  const Tensor want = AsF32(Winograd(o));
  Tensor got = AsF32(Winograd(scaled));
  for (float& y : got.mutable_span<float>()) y /= 32;
  EXPECT_TRUE(SameBits(got, want));
}

TEST_F(WinoNarrowTest, NothingGivesTheBias) {
  for (const bool of_maps : {false, true}) {
    WinoOperands o = OfBf16({{1, 7, 9, 64}, 32, 1, true});
    for (float& v : (of_maps ? o.x : o.weight).mutable_span<float>()) v = 0;
    ForOutputs(
        AsF32(Winograd(o)), 1,
        [&](int64_t, int64_t, int64_t, int64_t out, float y) {
          EXPECT_EQ(
              y, FromBf16(ToBf16(std::max(0.0f, o.bias.data<float>()[out]))));
        });
  }
}

TEST_F(WinoNarrowTest, WhatIsNotFiniteStaysSo) {
  for (const float bad : {std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    WinoOperands o = OfBf16({{1, 12, 12, 32}, 16, 1, false});
    // In the second tile of the second row.
    o.x.mutable_data<float>()[(5 * 12 + 6) * 32 + 7] = bad;
    const Tensor y = AsF32(Winograd(o));
    for (int64_t h = 4; h < 7; ++h) {
      for (int64_t w = 5; w < 8; ++w) {
        EXPECT_FALSE(std::isfinite(At(y, 0, h, w, 3))) << h << " " << w;
      }
    }
    // Out of reach of its tile.
    EXPECT_TRUE(std::isfinite(At(y, 0, 0, 0, 3)));
  }
}

TEST_F(WinoNarrowTest, ThreadsDoNotChangeABit) {
  for (const WinoCase& c : {WinoCase{{1, 37, 50, 32}, 96, 1, true},
                            WinoCase{{1, 19, 25, 272}, 48, 2, true}}) {
    const WinoOperands o = OfBf16(c);
    SetNumThreads(1);
    const Tensor one = Winograd(o);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      EXPECT_TRUE(SameBits(Winograd(o), one)) << threads;
    }
  }
  SetNumThreads(0);
}

TEST_F(WinoNarrowTest, WeightsComeBackRounded) {
  const WinoOperands o = OfBf16({{1, 4, 4, 32}, 48, 1, false});
  EXPECT_TRUE(
      SameBits(WinoConv(o.params, o.weight, o.bias, DType::kBF16).Weight(),
               AsF32(AsMapType(o.weight, DType::kBF16))));
}

// As the convolution with the turned and transposed kernel.
TEST_F(WinoNarrowTest, GradientOfX) {
  for (const WinoCase& c : Cases()) {
    WinoOperands o = OfBf16(c);
    o.params.relu = false;
    const Tensor turned = Turned(o.weight);
    const Tensor gy = RandomTensor(
        "gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs}, DType::kBF16);
    Tensor want(c.x, DType::kBF16), got(c.x, DType::kBF16);
    WinoConv(o.params, turned, Tensor::Zeros({turned.dim(0)}), DType::kBF16)
        .Run(gy, &want);
    RunWino(o.params, turned.shape(), PackedWeights(o.weight, true).data(),
            /*turned=*/true, nullptr, gy, &got);
    EXPECT_TRUE(SameBits(got, want)) << c.x.ToString();
  }
}

TEST_F(WinoNarrowTest, FitsNoOutputInF32) {
  ConvParams params;
  params.pad = 1;
  params.f32_output = true;
  EXPECT_FALSE(WinoConv::Fits(params, Shape{16, 16, 3, 3}, DType::kBF16));
  EXPECT_TRUE(WinoConv::Fits(params, Shape{16, 16, 3, 3}));
}

}  // namespace
}  // namespace fcis::kernels
