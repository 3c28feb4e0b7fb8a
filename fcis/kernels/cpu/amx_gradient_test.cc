#include "fcis/kernels/cpu/amx_gradient.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

struct Case {
  Shape x;
  int64_t outputs, side;
  int stride, pad;  // also the dilation, where there is any
};

std::vector<Case> Cases() {
  return {{{1, 9, 11, 16}, 16, 1, 1, 0},   {{1, 5, 7, 40}, 18, 1, 1, 0},
          {{2, 9, 11, 48}, 96, 1, 2, 0},   {{1, 1, 1, 5}, 7, 1, 1, 0},
          {{2, 6, 7, 32}, 33, 3, 1, 1},    {{1, 9, 8, 70}, 24, 3, 1, 2},
          {{1, 60, 71, 17}, 300, 3, 1, 1}, {{1, 20, 1, 32}, 32, 3, 1, 2}};
}

ConvParams ParamsOf(const Case& c) {
  ConvParams params;
  params.stride = c.stride;
  params.pad = c.pad;
  params.dilation = std::max(1, c.pad);
  return params;
}

struct Operands {
  explicit Operands(const Case& c)
      : params(ParamsOf(c)),
        weight{c.outputs, c.x.dim(3), c.side, c.side},
        x(RandomTensor("x", c.x, DType::kBF16)),
        gy(RandomTensor("gy", *ops::InferConvShape(params, c.x, weight),
                        DType::kBF16)) {}
  const ConvParams params;
  const Shape weight;
  const Tensor x, gy;
};

struct Gradients {
  std::vector<float> weight, bias;
};

constexpr float kBefore = 7;  // is overwritten

Gradients RunTimes(const Operands& o, int times) {
  const auto up = [](int64_t n) { return (n + 15) / 16 * 16; };
  const Shape& w = o.weight;
  Gradients g;
  g.weight.assign(
      static_cast<size_t>(up(w.dim(0)) * up(w.dim(1)) * w.dim(2) * w.dim(3)),
      kBefore);
  g.bias.assign(static_cast<size_t>(w.dim(0)), kBefore);
  for (int i = 0; i < times; ++i) {
    RunAmxGradient(o.params, w, o.x, o.gy, /*add=*/i > 0, g.weight.data(),
                   g.bias.data());
  }
  return g;
}

// A sum, and that of its terms' absolute values.
struct Exact {
  double sum = 0, sizes = 0;
  void Add(double term) {
    sum += term;
    sizes += std::fabs(term);
  }
};

// Of output o, channel i at tap (r, s); i < 0: of the bias.
Exact At(const Operands& o, const Tensor& x, const Tensor& gy, int64_t out,
         int64_t in, int64_t r, int64_t s) {
  Exact exact;
  for (int64_t p = 0; p < gy.num_elements() / gy.dim(3); ++p) {
    const double g = gy.data<float>()[p * gy.dim(3) + out];
    if (in < 0) {
      exact.Add(g);
      continue;
    }
    const int64_t w = p % gy.dim(2), h = p / gy.dim(2) % gy.dim(1),
                  n = p / gy.dim(2) / gy.dim(1);
    const int64_t y = h * o.params.stride - o.params.pad +
                      r * o.params.dilation,
                  c = w * o.params.stride - o.params.pad +
                      s * o.params.dilation;
    if (y < 0 || y >= x.dim(1) || c < 0 || c >= x.dim(2)) continue;
    exact.Add(
        g *
        x.data<float>()[((n * x.dim(1) + y) * x.dim(2) + c) * x.dim(3) + in]);
  }
  return exact;
}

// Sums of n terms in f32 in any order, rounded or cut off.
void ExpectNear(float got, const Exact& want, int times, int64_t n) {
  constexpr double kUnit = 1.0 / (1 << 23);
  EXPECT_NEAR(got, times * want.sum,
              times * want.sizes * static_cast<double>(n) * kUnit);
}

class AmxGradientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CpuHasAmx()) GTEST_SKIP() << "needs AMX";
  }
  void TearDown() override { SetNumThreads(0); }
};

TEST_F(AmxGradientTest, AreTheSumsOfTheirProducts) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", side ",
                              c.side, ", stride ", c.stride));
    const Operands o(c);
    const Tensor x = AsF32(o.x), gy = AsF32(o.gy);
    const int64_t pixels = gy.num_elements() / gy.dim(3);
    for (const int times : {1, 2}) {
      const Gradients got = RunTimes(o, times);
      const int64_t blocks = (o.weight.dim(1) + 15) / 16;
      for (int64_t i = 0; i < static_cast<int64_t>(got.weight.size());
           i += 37) {
        const int64_t tap = i / 256 % (c.side * c.side);
        const int64_t block = i / 256 / (c.side * c.side);
        const int64_t out = block / blocks * 16 + i % 16,
                      in = block % blocks * 16 + i / 16 % 16;
        const float value = got.weight[static_cast<size_t>(i)];
        if (out >= c.outputs || in >= x.dim(3)) {
          EXPECT_EQ(value, 0) << "padding";
          continue;
        }
        ExpectNear(value, At(o, x, gy, out, in, tap / c.side, tap % c.side),
                   times, pixels);
      }
      for (int64_t out = 0; out < c.outputs; ++out) {
        ExpectNear(got.bias[static_cast<size_t>(out)],
                   At(o, x, gy, out, -1, 0, 0), times, pixels);
      }
    }
  }
}

TEST_F(AmxGradientTest, ThreadsDoNotChangeABit) {
  for (const Case& c : Cases()) {
    const Operands o(c);
    SetNumThreads(1);
    const Gradients one = RunTimes(o, 2);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      const Gradients got = RunTimes(o, 2);
      EXPECT_EQ(got.weight, one.weight) << threads;
      EXPECT_EQ(got.bias, one.bias) << threads;
    }
  }
}

TEST_F(AmxGradientTest, FitsOnlyItsKinds) {
  ConvParams params;
  EXPECT_TRUE(FitsAmxGradient(params, {7, 5, 1, 1}));
  EXPECT_FALSE(FitsAmxGradient(params, {7, 5, 3, 3}));
  params.stride = 2;
  EXPECT_TRUE(FitsAmxGradient(params, {7, 5, 1, 1}));
  params.pad = 1;
  EXPECT_FALSE(FitsAmxGradient(params, {7, 5, 3, 3}));
  params.stride = 1;
  EXPECT_TRUE(FitsAmxGradient(params, {7, 5, 3, 3}));
  EXPECT_FALSE(FitsAmxGradient(params, {7, 5, 1, 1}));
  params.pad = params.dilation = 2;
  EXPECT_TRUE(FitsAmxGradient(params, {7, 5, 3, 3}));
  EXPECT_FALSE(FitsAmxGradient(params, {7, 5, 7, 7}));
}

}  // namespace
}  // namespace fcis::kernels
