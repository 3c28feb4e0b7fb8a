#include "fcis/kernels/cpu/few_pixels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

struct Case {
  Shape x;
  int64_t outputs;
};

// Odd numbers of pixels and of outputs, parts of groups and of blocks.
std::vector<Case> Cases() {
  return {{{1, 5, 11, 32}, 16},
          {{2, 5, 7, 64}, 40},
          {{1, 1, 5, 32}, 7},
          {{1, 30, 23, 96}, 300},
          {{3, 4, 5, 288}, 129}};
}

constexpr double kUnit = 1.0 / (1 << 24);

class FewPixelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!FitsFewPixels({}, {16, 32, 1, 1})) {
      GTEST_SKIP() << "needs AVX512_BF16 without AMX";
    }
  }
  void TearDown() override { SetNumThreads(0); }
};

struct Operands {
  // Of each 150 outputs every `period`-th two pixels are not 0; the others are
  // zeros of either sign.
  explicit Operands(const Case& c, int64_t period = 3)
      : weight{c.outputs, c.x.dim(3), 1, 1},
        x(RandomTensor("x", c.x, DType::kBF16)),
        gy(RandomTensor("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs},
                        DType::kBF16)),
        w(AsMapType(RandomTensor("w", weight), DType::kBF16)) {
    constexpr uint16_t kMinusZero = 0x8000;
    auto* const g = gy.mutable_data<uint16_t>();
    for (int64_t i = 0; i < gy.num_elements(); ++i) {
      const int64_t p = i / c.outputs, o = i % c.outputs;
      if ((p / 2 + o / 150) % period != 0) g[i] = i % 2 == 0 ? 0 : kMinusZero;
    }
  }
  int64_t outputs() const { return weight.dim(0); }
  int64_t inputs() const { return weight.dim(1); }
  int64_t pixels() const { return gy.num_elements() / outputs(); }

  const Shape weight;
  Tensor x, gy, w;
};

double At(const Tensor& t, int64_t i) {
  return FromBf16(t.data<uint16_t>()[i]);
}

// A sum, and that of the sizes of its terms.
struct Sum {
  double value = 0, sizes = 0;
  void Add(double term) {
    value += term;
    sizes += std::fabs(term);
  }
};

std::vector<float> ByWeights(const Operands& o) {
  constexpr float kBefore = 7;  // is overwritten
  std::vector<float> g(static_cast<size_t>(o.outputs() * o.inputs()), kBefore);
  EXPECT_TRUE(FewPixelsByWeights(o.x, o.gy, g.data()));
  return g;
}

Tensor ByData(const Operands& o) {
  DnnlContext context;
  const dnnl::memory::desc layout = FewPixelsWeights(o.weight);
  Tensor packed = DnnlContext::Allocate(layout);
  context.Reorder(
      KernelDesc(o.weight, DType::kBF16, dnnl::memory::format_tag::oihw),
      o.w.raw(), layout, packed.mutable_raw());
  Tensor gx(o.x.shape(), DType::kBF16);
  EXPECT_TRUE(
      FewPixelsByData(o.gy, static_cast<const uint16_t*>(packed.raw()), &gx));
  return gx;
}

TEST_F(FewPixelsTest, GradientsOfWeightsAreTheSumsOfTheirProducts) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs));
    const Operands o(c);
    const std::vector<float> got = ByWeights(o);
    for (int64_t i = 0; i < o.outputs() * o.inputs(); ++i) {
      Sum sum;
      for (int64_t p = 0; p < o.pixels(); ++p) {
        sum.Add(At(o.gy, p * o.outputs() + i / o.inputs()) *
                At(o.x, p * o.inputs() + i % o.inputs()));
      }
      ASSERT_NEAR(got[static_cast<size_t>(i)], sum.value,
                  2 * static_cast<double>(o.pixels()) * kUnit * sum.sizes);
    }
  }
}

TEST_F(FewPixelsTest, GradientsOfXAreTheSumsOfTheirProducts) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs));
    const Operands o(c);
    const Tensor got = ByData(o);
    for (int64_t i = 0; i < o.pixels() * o.inputs(); ++i) {
      Sum sum;
      for (int64_t k = 0; k < o.outputs(); ++k) {
        sum.Add(At(o.gy, i / o.inputs() * o.outputs() + k) *
                At(o.w, k * o.inputs() + i % o.inputs()));
      }
      const double value = At(got, i);
      ASSERT_NEAR(value, sum.value,
                  2 * static_cast<double>(o.outputs()) * kUnit * sum.sizes +
                      std::ldexp(std::fabs(value), -8));
    }
  }
}

TEST_F(FewPixelsTest, ThreadsChangeNoBit) {
  for (const Case& c : Cases()) {
    const Operands o(c);
    SetNumThreads(1);
    const std::vector<float> weights = ByWeights(o);
    const Tensor data = ByData(o);
    for (const int threads : {2, 3, 8}) {
      SetNumThreads(threads);
      EXPECT_EQ(ByWeights(o), weights);
      const Tensor again = ByData(o);
      EXPECT_EQ(std::memcmp(again.raw(), data.raw(), data.num_bytes()), 0);
    }
  }
}

TEST_F(FewPixelsTest, GradientsOfNothingAreZero) {
  Operands o({{1, 9, 11, 64}, 200});
  std::fill_n(o.gy.mutable_data<uint16_t>(), o.gy.num_elements(), uint16_t{0});
  for (const float g : ByWeights(o)) ASSERT_EQ(g, 0);
  const Tensor gx = ByData(o);
  for (int64_t i = 0; i < gx.num_elements(); ++i) ASSERT_EQ(At(gx, i), 0);
}

TEST_F(FewPixelsTest, LeavesManyPixelsToOthers) {
  const Operands o({{1, 30, 23, 64}, 48}, /*period=*/1);
  float untouched = 0;
  EXPECT_FALSE(FewPixelsByWeights(o.x, o.gy, &untouched));
  Tensor gx(Shape{0}, DType::kBF16);
  EXPECT_FALSE(FewPixelsByData(o.gy, nullptr, &gx));
}

TEST_F(FewPixelsTest, TakesKernelsOfOnePixel) {
  ConvParams strided, padded;
  strided.stride = 2;
  padded.pad = 1;
  EXPECT_TRUE(FitsFewPixels({}, {7, 64, 1, 1}));
  EXPECT_FALSE(FitsFewPixels({}, {7, 48, 1, 1}));
  EXPECT_FALSE(FitsFewPixels({}, {7, 64, 3, 3}));
  EXPECT_FALSE(FitsFewPixels(strided, {7, 64, 1, 1}));
  EXPECT_FALSE(FitsFewPixels(padded, {7, 64, 1, 1}));
}

}  // namespace
}  // namespace fcis::kernels
