// Convolutions in bf16; those of 8 bits are those of int8_conv_test.
#include "fcis/kernels/cpu/amx_conv.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/plain_convs.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/conv_cases.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Each way to cut a kernel into steps; tiles and panels that are not full.
std::vector<ConvCase> Cases() {
  return {
      {{1, 37, 51, 3}, {64, 3, 7, 7}, 2, 3, 1},      // stem
      {{2, 9, 13, 64}, {256, 64, 1, 1}, 1, 0, 1},    // expand
      {{2, 9, 13, 64}, {48, 64, 1, 1}, 2, 0, 1},     // strided projection
      {{1, 9, 40, 32}, {32, 32, 3, 3}, 1, 1, 1},     // runs of rows
      {{1, 9, 40, 32}, {64, 32, 3, 3}, 1, 2, 2},     // dilated
      {{1, 12, 17, 96}, {40, 96, 3, 3}, 1, 1, 1},    // several panels
      {{1, 5, 7, 1024}, {98, 1024, 1, 1}, 1, 0, 1},  // score maps
      {{1, 1, 1, 6}, {3, 6, 1, 1}, 1, 0, 1},
      {{1, 3, 3, 2}, {17, 2, 3, 3}, 1, 1, 1},
  };
}

ConvParams Params(const ConvCase& c, bool relu, bool f32_output) {
  ConvParams p = ParamsOf(c, relu);
  p.f32_output = f32_output;
  return p;
}

bool SameBytes(const Tensor& a, const Tensor& b) {
  return a.num_bytes() == b.num_bytes() &&
         std::memcmp(a.raw(), b.raw(), a.num_bytes()) == 0;
}

class AmxConvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CpuHasAmx()) GTEST_SKIP() << "no AMX";
  }
};

TEST_F(AmxConvTest, EqualsTheReferenceUpToRounding) {
  PlainConvs plain(HostDevice::Shared(), DType::kBF16);
  for (const ConvCase& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " * ", c.weight.ToString()));
    ASSERT_TRUE(AmxConv::Fits(Params(c, false, true), c.weight, DType::kBF16));
    for (const bool relu : {false, true}) {
      const ConvParams params = Params(c, relu, /*f32_output=*/true);
      const Tensor weight = RandomTensor("w", c.weight);
      const Tensor bias = RandomTensor("b", Shape{c.weight.dim(0)});
      const Tensor x = AsMapType(RandomTensor("x", c.x), DType::kBF16);
      const Shape shape = *ops::InferConvShape(params, c.x, c.weight);
      Tensor got(shape), want(shape);
      ASSERT_TRUE(
          PrepareAmxConv(params, weight, bias)->Forward(x, nullptr, &got).ok());
      const auto oracle = *plain.Prepare(params, weight, bias);
      ASSERT_TRUE(oracle->Forward(x, nullptr, &want).ok());
      EXPECT_TRUE(AllNear(got, want, SumLimit(c)));
      // From f32 as from what is rounded before.
      Tensor again(shape);
      ASSERT_TRUE(PrepareAmxConv(params, weight, bias)
                      ->Forward(AsF32(x), nullptr, &again)
                      .ok());
      EXPECT_TRUE(SameBytes(again, got));
    }
  }
}

// The residual is added in f32, and the sum is rounded once; it may stand where
// the result goes.
TEST_F(AmxConvTest, AddsResiduals) {
  for (const ConvCase& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " * ", c.weight.ToString()));
    const Tensor weight = RandomTensor("w", c.weight);
    const Tensor bias = RandomTensor("b", Shape{c.weight.dim(0)});
    const Tensor x = AsMapType(RandomTensor("x", c.x), DType::kBF16);
    const ConvParams params = Params(c, /*relu=*/true, /*f32_output=*/false);
    const Shape shape = *ops::InferConvShape(params, c.x, c.weight);
    const Tensor added = AsMapType(RandomTensor("r", shape), DType::kBF16);
    Tensor sums(shape), apart(shape, DType::kBF16), in_place = added.Clone();
    ASSERT_TRUE(PrepareAmxConv(Params(c, false, true), weight, bias)
                    ->Forward(x, nullptr, &sums)
                    .ok());
    const auto conv = PrepareAmxConv(params, weight, bias);
    ASSERT_TRUE(conv->Forward(x, &added, &apart).ok());
    ASSERT_TRUE(conv->Forward(x, &in_place, &in_place).ok());
    const Tensor more = AsF32(added);
    for (int64_t i = 0; i < sums.num_elements(); ++i) {
      float& sum = sums.mutable_data<float>()[i];
      sum = std::max(0.0f, sum + more.data<float>()[i]);
    }
    EXPECT_TRUE(SameBytes(apart, AsMapType(sums, DType::kBF16)));
    EXPECT_TRUE(SameBytes(in_place, apart));
  }
}

TEST_F(AmxConvTest, SameBitsByRowsAndForAnyNumberOfThreads) {
  for (const ConvCase& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " * ", c.weight.ToString()));
    if (c.x.dim(0) > 1) continue;
    const Tensor x = AsMapType(RandomTensor("x", c.x), DType::kBF16);
    const ConvParams params = Params(c, true, false);
    const Shape shape = *ops::InferConvShape(params, c.x, c.weight);
    const auto conv = PrepareAmxConv(params, RandomTensor("w", c.weight),
                                     RandomTensor("b", Shape{c.weight.dim(0)}));
    SetNumThreads(1);
    Tensor want(shape, DType::kBF16), got(shape, DType::kBF16);
    ASSERT_TRUE(conv->Forward(x, nullptr, &want).ok());
    SetNumThreads(3);
    ASSERT_TRUE(conv->Forward(x, nullptr, &got).ok());
    EXPECT_TRUE(SameBytes(got, want));
    constexpr int64_t kRows = 4;
    for (int64_t y = 0; y < shape.dim(1); y += kRows) {
      const int64_t rows = std::min(kRows, shape.dim(1) - y);
      const int64_t begin = y * c.stride - c.pad;
      const int64_t end = (y + rows - 1) * c.stride - c.pad +
                          (c.weight.dim(2) - 1) * c.dilation + 1;
      const int64_t first = std::max<int64_t>(0, begin);
      const int64_t last = std::min(end, c.x.dim(1));
      const Tensor part = x.Part(first * c.x.dim(2) * c.x.dim(3),
                                 {1, last - first, c.x.dim(2), c.x.dim(3)});
      Tensor out = got.Part(y * shape.dim(2) * shape.dim(3),
                            {1, rows, shape.dim(2), shape.dim(3)});
      std::memset(out.mutable_raw(), 0xFF, out.num_bytes());
      ASSERT_TRUE(
          conv->ForwardRows(part, {first - begin, end - last}, nullptr, &out)
              .ok());
    }
    EXPECT_TRUE(SameBytes(got, want));
  }
  SetNumThreads(0);
}

TEST_F(AmxConvTest, NumbersThatAreNoneStayThemselves) {
  ConvParams params;
  Tensor x = Tensor::Zeros({1, 1, 32, 32}, DType::kBF16);
  x.mutable_data<uint16_t>()[0] = 0x7FC0;
  Tensor y({1, 1, 32, 16}, DType::kBF16);
  Tensor weight({16, 32, 1, 1});
  for (float& w : weight.mutable_span<float>()) w = 1;
  ASSERT_TRUE(PrepareAmxConv(params, weight, Tensor::Zeros({16}))
                  ->Forward(x, nullptr, &y)
                  .ok());
  EXPECT_TRUE(std::isnan(AsF32(y).data<float>()[0]));
  EXPECT_EQ(AsF32(y).data<float>()[16], 0);
}

}  // namespace
}  // namespace fcis::kernels
