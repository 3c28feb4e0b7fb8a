#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/wino_cases.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using WinoNarrowGradientTest = WinoNarrowTest;

// gy: of bf16, whose numbers stand in f32.
Gradients NarrowGradients(const WinoOperands& o, const Tensor& gy, int times) {
  return WinogradGradients(o, AsMapType(o.x, DType::kBF16),
                           AsMapType(gy, DType::kBF16), times);
}

Tensor GradientOfY(const WinoCase& c) {
  return AsF32(RandomTensor(
      "gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs}, DType::kBF16));
}

// The error that wino_conv.h allows the sum of plane p, q of a channel and an
// output. Were the tiles in groups, it would allow less.
double PlaneBoundOfGradient(const WinoMatrices& m, const WinoOperands& o,
                            const Tensor& gy, int64_t output, int64_t channel,
                            int p, int q) {
  const int64_t d = o.params.dilation;
  double vv = 0, uu = 0, v_sum = 0, u_sum = 0, u_most = 0, tiles = 0;
  for (int64_t n = 0; n < gy.dim(0); ++n) {
    for (int64_t h = 0; h < gy.dim(1); ++h) {
      for (int64_t w = 0; w < gy.dim(2); ++w) {
        if (h / d % 4 > 0 || w / d % 4 > 0) continue;  // where no tile begins
        const double v = std::fabs(InputAt(m, o, n, h, w, channel, p, q));
        double u = 0;
        for (int64_t i = 0; i < 4; ++i) {
          for (int64_t j = 0; j < 4; ++j) {
            u += m.out[i][p] * m.out[j][q] *
                 At(gy, n, h + i * d, w + j * d, output);
          }
        }
        u = std::fabs(u);
        vv += v * v;
        uu += u * u;
        v_sum += v;
        u_sum += u;
        u_most = std::max(u_most, u);
        ++tiles;
      }
    }
  }
  const double v_size = std::sqrt(vv);
  const double u_size = std::max(std::sqrt(uu), 2 * u_most);
  return v_size * u_sum / 65000 + u_size * v_sum / 130000 +
         tiles * v_size * u_size / 8e9;
}

TEST_F(WinoNarrowGradientTest, GradientsOfWeightsAreWithinTheBound) {
  const WinoMatrices m = MakeMatrices();
  std::vector<WinoCase> cases = WinoCases();
  cases.push_back({{1, 45, 49, 16}, 16, 1, false});  // two groups of tiles
  for (const WinoCase& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const WinoOperands o = OfBf16(c);
    const Tensor gy = GradientOfY(c);
    const Gradients got = NarrowGradients(o, gy, 1);
    int wrong = 0;
    ForWeights(o, got, 397,
               [&](int64_t out, int64_t in, int r, int s, float gw) {
                 const Exact e = GradientAt(o, gy, out, in, r, s);
                 double bound = e.bound;
                 for (int p = 0; p < 6; ++p) {
                   for (int q = 0; q < 6; ++q) {
                     bound += std::fabs(m.kernel[p][r] * m.kernel[q][s]) *
                              PlaneBoundOfGradient(m, o, gy, out, in, p, q);
                   }
                 }
                 wrong += !(std::fabs(gw - e.y) <= bound);
               });
    EXPECT_EQ(wrong, 0);
    EXPECT_TRUE(SameBits(got.bias, WinogradGradients(o, o.x, gy, 1).bias));
  }
}

TEST_F(WinoNarrowGradientTest, GradientsErrorIsHalfOfBf16s) {
  const WinoCase c = {{1, 38, 50, 64}, 32, 1, false};
  const WinoOperands o = OfBf16(c);
  const Tensor gy = GradientOfY(c);
  double squares = 0, all = 0;
  ForWeights(o, NarrowGradients(o, gy, 1), 97,
             [&](int64_t out, int64_t in, int r, int s, float gw) {
               const double want = GradientAt(o, gy, out, in, r, s).y;
               squares += (gw - want) * (gw - want);
               all += want * want;
             });
  // Rounding gy to bf16 has made 2^-9 / sqrt(3) = 1.1e-3 of it.
  EXPECT_LT(std::sqrt(squares / all), 0.6e-3);
}

TEST_F(WinoNarrowGradientTest, NeitherThreadsNorBlocksChangeABitOfGradients) {
  for (const WinoCase& c : {WinoCase{{1, 37, 50, 32}, 96, 1, false},
                            WinoCase{{2, 19, 25, 272}, 48, 2, false}}) {
    const WinoOperands o = OfBf16(c);
    const Tensor gy = GradientOfY(c);
    SetNumThreads(1);
    const Gradients one = NarrowGradients(o, gy, 2);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      const Gradients got = NarrowGradients(o, gy, 2);
      EXPECT_EQ(got.weight, one.weight) << threads;
      EXPECT_TRUE(SameBits(got.bias, one.bias)) << threads;
    }
  }
  SetNumThreads(0);
}

// All products have one sign and one size.
TEST_F(WinoNarrowGradientTest, NoSumOfGradientsOverflows) {
  WinoOperands o = OfBf16({{1, 48, 48, 16}, 16, 1, false});
  Tensor gy({1, 48, 48, 16});
  for (const float sign : {-1.0f, 1.0f}) {
    for (float& x : o.x.mutable_span<float>()) x = 1;
    for (float& g : gy.mutable_span<float>()) g = sign;
    const Gradients got = NarrowGradients(o, gy, 1);
    ForWeights(o, got, 9, [&](int64_t, int64_t, int, int, float gw) {
      EXPECT_NEAR(gw, sign * 47 * 47, 9);
    });
  }
}

TEST_F(WinoNarrowGradientTest, GradientsOfNothingAreNothing) {
  const WinoOperands o = OfBf16({{1, 7, 9, 64}, 32, 1, false});
  const Gradients got = NarrowGradients(o, Tensor::Zeros({1, 7, 9, 32}), 1);
  EXPECT_EQ(got.weight, std::vector<float>(got.weight.size()));
}

TEST_F(WinoNarrowGradientTest, GradientsThatAreNotFiniteStaySo) {
  for (const float bad : {std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    WinoCase c = {{1, 12, 12, 32}, 16, 1, false};
    const WinoOperands o = OfBf16(c);
    Tensor gy = GradientOfY(c);
    gy.mutable_data<float>()[(5 * 12 + 6) * 16 + 7] = bad;
    ForWeights(o, NarrowGradients(o, gy, 1), 1,
               [&](int64_t out, int64_t, int, int, float gw) {
                 EXPECT_EQ(std::isfinite(gw), out != 7);
               });
  }
}

}  // namespace
}  // namespace fcis::kernels
