#include "fcis/kernels/cpu/pointwise_gradient.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

int64_t Padded(int64_t channels) { return (channels + 15) / 16 * 16; }

// Where a channel of a pixel (of all pictures) lies in nChw16c.
int64_t Place(const Shape& map, int64_t pixel, int64_t channel) {
  const int64_t pixels = map.dim(1) * map.dim(2);
  return ((pixel / pixels * Padded(map.dim(3)) / 16 + channel / 16) * pixels +
          pixel % pixels) *
             16 +
         channel % 16;
}

// In nChw16c, padded with zeros.
Tensor Map(const char* name, const Shape& shape) {
  const Tensor plain = RandomTensor(name, shape);
  Tensor map = AllocateIn(Layout::kBackend, shape, DType::kF32);
  auto* const to = static_cast<float*>(map.mutable_raw());
  std::fill_n(to, map.num_bytes() / sizeof(float), 0.0f);
  for (int64_t i = 0; i < plain.num_elements(); ++i) {
    to[Place(shape, i / shape.dim(3), i % shape.dim(3))] =
        plain.data<float>()[i];
  }
  return map;
}
float At(const Tensor& map, int64_t pixel, int64_t channel) {
  return static_cast<const float*>(
      map.raw())[Place(map.shape(), pixel, channel)];
}
int64_t Pixels(const Tensor& map) {
  return map.dim(0) * map.dim(1) * map.dim(2);
}

// Of weights O,I in OIhw16i16o.
float WeightAt(const std::vector<float>& w, int64_t inputs, int64_t o,
               int64_t i) {
  return w[static_cast<size_t>((o / 16 * Padded(inputs) + i) * 16 + o % 16)];
}

struct Case {
  Shape x;
  int64_t outputs;
};

std::vector<Case> Cases() {
  return {{{1, 9, 11, 16}, 16},  {{2, 5, 7, 48}, 40},  {{1, 1, 1, 20}, 100},
          {{1, 30, 23, 32}, 33}, {{3, 2, 3, 64}, 113}, {{1, 4, 5, 2100}, 32}};
}

class PointwiseGradientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasIsa(dnnl::cpu_isa::avx512_core)) GTEST_SKIP() << "needs AVX-512";
  }
  void TearDown() override { SetNumThreads(0); }
};

struct Operands {
  explicit Operands(const Case& c)
      : x(Map("x", c.x)),
        gy(Map("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs})) {}
  const Tensor x, gy;
};

constexpr double kUnit = 1.0 / (1 << 24);

struct Gradients {
  std::vector<float> weight, bias;
};

Gradients GradientsOf(const Operands& o, int times) {
  constexpr float kBefore = 7;  // is overwritten
  const int64_t outputs = o.gy.dim(3);
  Gradients g;
  g.weight.assign(static_cast<size_t>(Padded(outputs) * Padded(o.x.dim(3))),
                  kBefore);
  g.bias.assign(static_cast<size_t>(outputs), kBefore);
  for (int i = 0; i < times; ++i) {
    RunPointwiseGradient(o.x, o.gy, /*add=*/i > 0, g.weight.data(),
                         g.bias.data());
  }
  return g;
}

TEST_F(PointwiseGradientTest, AreTheSumsOfTheirProducts) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs));
    const Operands o(c);
    const int64_t inputs = c.x.dim(3), pixels = Pixels(o.x);
    for (const int times : {1, 2}) {
      const Gradients got = GradientsOf(o, times);
      for (int64_t out = 0; out < c.outputs; ++out) {
        for (int64_t i = -1; i < Padded(inputs); ++i) {
          double sum = 0, sizes = 0;
          for (int64_t p = 0; i < inputs && p < pixels; ++p) {
            const double term =
                At(o.gy, p, out) * (i < 0 ? 1.0 : double{At(o.x, p, i)});
            sum += term;
            sizes += std::fabs(term);
          }
          const float value = i < 0 ? got.bias[static_cast<size_t>(out)]
                                    : WeightAt(got.weight, inputs, out, i);
          ASSERT_NEAR(
              value, times * sum,
              times * times * sizes * static_cast<double>(pixels) * kUnit);
        }
      }
    }
  }
}

// Of maps with few pixels that are not 0, as the sums over all of them.
TEST_F(PointwiseGradientTest, PixelsThatAreZeroAddNothing) {
  for (const Case& c : Cases()) {
    const Operands o(c);
    const int64_t pixels = Pixels(o.x);
    Tensor gy = Map("gy", o.gy.shape());
    for (int64_t p = 0; p < pixels; ++p) {
      for (int64_t out = 0; out < c.outputs; ++out) {
        // Blocks of outputs have their own zeros.
        if ((p + out / 48) % 3 == 0) continue;
        static_cast<float*>(gy.mutable_raw())[Place(gy.shape(), p, out)] = 0;
      }
    }
    Gradients got = {std::vector<float>(static_cast<size_t>(
                         Padded(c.outputs) * Padded(c.x.dim(3)))),
                     std::vector<float>(static_cast<size_t>(c.outputs))};
    RunPointwiseGradient(o.x, gy, false, got.weight.data(), got.bias.data());
    for (int64_t out = 0; out < c.outputs; ++out) {
      for (int64_t i = 0; i < c.x.dim(3); ++i) {
        double sum = 0, sizes = 0;
        for (int64_t p = 0; p < pixels; ++p) {
          const double term = double{At(gy, p, out)} * At(o.x, p, i);
          sum += term;
          sizes += std::fabs(term);
        }
        ASSERT_NEAR(WeightAt(got.weight, c.x.dim(3), out, i), sum,
                    sizes * static_cast<double>(pixels) * kUnit);
      }
    }
  }
}

// Of a 3x3 kernel, where gy has a pixel in eleven; of more it takes none.
TEST_F(PointwiseGradientTest, FewPixelsOfA3x3Kernel) {
  for (const int dilation : {1, 2}) {
    ConvParams params;
    params.pad = params.dilation = dilation;
    const Shape shape = {2, 7, 9, 32};
    const Tensor x = Map("x", shape), all = Map("gy", {2, 7, 9, 48});
    Tensor gy = Map("gy", all.shape());
    auto* const values = static_cast<float*>(gy.mutable_raw());
    for (int64_t i = 0; i < all.num_elements(); ++i) {
      if (i / 48 % 11 != 0) values[Place(gy.shape(), i / 48, i % 48)] = 0;
    }
    std::vector<float> weight(9 * 32 * 48, 7.0f), bias(48, 7.0f);
    EXPECT_FALSE(RunFewPixelsGradient(params, x, all, false, weight.data(),
                                      bias.data()));
    ASSERT_TRUE(
        RunFewPixelsGradient(params, x, gy, false, weight.data(), bias.data()));
    for (int64_t i = 0; i < 9 * 32 * 48; ++i) {
      const int64_t tap = i % 9, in = i / 9 % 32, out = i / 9 / 32;
      double sum = 0, sizes = 0;
      for (int64_t p = 0; p < Pixels(gy); ++p) {
        const int64_t h = p / 9 % 7 + (tap / 3 - 1) * dilation,
                      w = p % 9 + (tap % 3 - 1) * dilation;
        if (h < 0 || h >= 7 || w < 0 || w >= 9) continue;
        const double term =
            double{At(gy, p, out)} * At(x, p / 63 * 63 + h * 9 + w, in);
        sum += term;
        sizes += std::fabs(term);
      }
      const float got = weight[static_cast<size_t>(
          (((out / 16 * 2 + in / 16) * 9 + tap) * 16 + in % 16) * 16 +
          out % 16)];
      ASSERT_NEAR(got, sum, sizes * 12 * kUnit);
    }
    for (int64_t out = 0; out < 48; ++out) {
      double sum = 0;
      for (int64_t p = 0; p < Pixels(gy); ++p) sum += At(gy, p, out);
      EXPECT_NEAR(bias[static_cast<size_t>(out)], sum, 1e-5);
    }
  }
}

// Both kinds of kernels; blocks of channels of gy have their own zeros.
TEST_F(PointwiseGradientTest, GradientOfXOfFewPixels) {
  for (const int side : {1, 3}) {
    ConvParams params;
    params.pad = side == 1 ? 0 : 2;
    params.dilation = std::max(1, params.pad);
    constexpr int64_t kInputs = 80, kOutputs = 272;
    const Shape shape = {2, 7, 9, kInputs},
                weight = {kOutputs, kInputs, side, side};
    const Tensor all = Map("gy", {2, 7, 9, kOutputs});
    EXPECT_TRUE(FewPixels(all, 0.5).too_many());
    Tensor gy = Map("gy", all.shape());
    for (int64_t i = 0; i < all.num_elements(); ++i) {
      const int64_t p = i / kOutputs, c = i % kOutputs;
      if ((p + c / 128) % 5 == 0) continue;
      static_cast<float*>(gy.mutable_raw())[Place(gy.shape(), p, c)] = 0;
    }
    // IOhw16o16i.
    const int64_t taps = side * side;
    const Tensor w =
        RandomTensor("w", {kInputs / 16, kOutputs / 16, taps, 256});
    const FewPixels few(gy, 0.5);
    ASSERT_FALSE(few.too_many());
    EXPECT_TRUE(FewPixels(gy, 0.1).too_many());
    Tensor gx = AllocateIn(Layout::kBackend, shape, DType::kF32);
    SetNumThreads(1);
    few.Run(params, weight, w.data<float>(), gy, &gx);
    for (int64_t p = 0; p < Pixels(gx); p += 3) {
      for (int64_t in = 0; in < kInputs; ++in) {
        double sum = 0, sizes = 0;
        for (int64_t tap = 0; tap < taps; ++tap) {
          const int64_t h = p / 9 % 7 - (tap / side - side / 2) * params.pad,
                        x = p % 9 - (tap % side - side / 2) * params.pad;
          if (h < 0 || h >= 7 || x < 0 || x >= 9) continue;
          for (int64_t out = 0; out < kOutputs; ++out) {
            const double term =
                double{At(gy, p / 63 * 63 + h * 9 + x, out)} *
                w.data<float>()[((in / 16 * (kOutputs / 16) + out / 16) * taps +
                                 tap) *
                                    256 +
                                out % 16 * 16 + in % 16];
            sum += term;
            sizes += std::fabs(term);
          }
        }
        ASSERT_NEAR(At(gx, p, in), sum,
                    sizes * static_cast<double>(taps * kOutputs) * kUnit);
      }
    }
    Tensor again = AllocateIn(Layout::kBackend, shape, DType::kF32);
    SetNumThreads(3);
    few.Run(params, weight, w.data<float>(), gy, &again);
    for (int64_t p = 0; p < Pixels(gx); ++p) {
      for (int64_t in = 0; in < kInputs; ++in) {
        ASSERT_EQ(At(again, p, in), At(gx, p, in));
      }
    }
  }
}

TEST_F(PointwiseGradientTest, ThreadsDoNotChangeABit) {
  for (const Case& c : Cases()) {
    const Operands o(c);
    SetNumThreads(1);
    const Gradients one = GradientsOf(o, 2);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      const Gradients got = GradientsOf(o, 2);
      EXPECT_EQ(got.weight, one.weight);
      EXPECT_EQ(got.bias, one.bias);
    }
  }
}

TEST_F(PointwiseGradientTest, FitsOnlyItsKind) {
  ConvParams params;
  EXPECT_TRUE(FitsPointwiseGradient(params, {16, 17, 1, 1}));
  EXPECT_FALSE(FitsPointwiseGradient(params, {16, 15, 1, 1}));
  EXPECT_FALSE(FitsPointwiseGradient(params, {8, 32, 1, 1}));
  EXPECT_FALSE(FitsPointwiseGradient(params, {16, 16, 3, 3}));
  params.stride = 2;
  EXPECT_FALSE(FitsPointwiseGradient(params, {16, 16, 1, 1}));
  params.stride = 1;
  params.pad = 1;
  EXPECT_FALSE(FitsPointwiseGradient(params, {16, 16, 1, 1}));
}

}  // namespace
}  // namespace fcis::kernels
