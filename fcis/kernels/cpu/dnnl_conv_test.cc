#include "fcis/kernels/cpu/dnnl_conv.h"

#include <cmath>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/plain_convs.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/conv_cases.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// The network's kinds of convolution, at odd sizes and channel counts.
std::vector<ConvCase> Cases() {
  return {
      {{1, 37, 51, 3}, {64, 3, 7, 7}, 2, 3, 1},    // stem
      {{1, 9, 13, 64}, {256, 64, 1, 1}, 1, 0, 1},  // expand
      {{2, 9, 13, 64}, {48, 64, 1, 1}, 2, 0, 1},   // strided projection
      {{1, 9, 13, 32}, {32, 32, 3, 3}, 1, 1, 1},
      {{1, 9, 13, 32}, {64, 32, 3, 3}, 1, 2, 2},    // dilated
      {{1, 5, 7, 100}, {799, 100, 1, 1}, 1, 0, 1},  // score maps
      {{1, 1, 1, 5}, {3, 5, 3, 3}, 1, 1, 1},
      {{3, 8, 6, 17}, {7, 17, 3, 3}, 2, 1, 1},
  };
}

TEST(DnnlConv, EqualsTheReferenceUpToRounding) {
  DnnlConvs convs(DType::kF32);
  PlainConvs plain(HostDevice::Shared(), DType::kF32);
  int i = 0;
  for (const ConvCase& c : Cases()) {
    for (const bool residual : {false, true}) {
      SCOPED_TRACE(absl::StrCat(c.x.ToString(), " * ", c.weight.ToString(), " ",
                                residual));
      const ConvParams params = ParamsOf(c, residual);
      const Tensor weight = RandomTensor(absl::StrCat("w", ++i), c.weight);
      const Tensor bias = RandomTensor("b", Shape{c.weight.dim(0)});
      const Tensor x = RandomTensor(absl::StrCat("x", i), c.x);
      const Shape shape = ops::InferConvShape(params, c.x, c.weight).value();
      const Tensor add = RandomTensor("r", shape);
      const auto conv = convs.Prepare(params, weight, bias).value();
      Tensor got(shape), want(shape);
      const absl::Status status =
          conv->Forward(x, residual ? &add : nullptr, &got);
      ASSERT_TRUE(status.ok()) << status;
      const auto oracle = plain.Prepare(params, weight, bias).value();
      ASSERT_TRUE(oracle->Forward(x, residual ? &add : nullptr, &want).ok());
      EXPECT_TRUE(AllNear(got, want, SumLimit(c)));
    }
  }
}

// Another input size may want the weights in another layout, from the copy
// that the first one left.
TEST(DnnlConv, InputSizesMayAlternate) {
  DnnlConvs convs(DType::kF32);
  const Tensor weight = RandomTensor("w", Shape{64, 32, 3, 3});
  const Tensor bias = RandomTensor("b", Shape{64});
  ConvParams params;
  params.pad = 1;
  const auto conv = convs.Prepare(params, weight, bias).value();
  PlainConvs plain(HostDevice::Shared(), DType::kF32);
  const auto ref = plain.Prepare(params, weight, bias).value();
  for (const Shape& size : {Shape{1, 40, 56, 32}, Shape{1, 1, 3, 32},
                            Shape{4, 7, 7, 32}, Shape{1, 40, 56, 32}}) {
    const Tensor x = RandomTensor("x", size);
    Tensor got(ops::InferConvShape(params, size, weight.shape()).value());
    Tensor want(got.shape());
    ASSERT_TRUE(conv->Forward(x, nullptr, &got).ok());
    ASSERT_TRUE(ref->Forward(x, nullptr, &want).ok());
    EXPECT_TRUE(AllNear(got, want, 8.0 * 290 / 3 / (1 << 24)));
  }
}

TEST(DnnlConv, SameBitsForAnyNumberOfThreads) {
  DnnlConvs convs(DType::kF32);
  for (const ConvCase& c : Cases()) {
    const ConvParams params = ParamsOf(c, true);
    const Tensor x = RandomTensor("x", c.x);
    const auto conv = convs
                          .Prepare(params, RandomTensor("w", c.weight),
                                   RandomTensor("b", Shape{c.weight.dim(0)}))
                          .value();
    const Shape shape = ops::InferConvShape(params, c.x, c.weight).value();
    std::vector<Tensor> results;
    for (const int threads : {1, 2, 3, 1}) {
      SetNumThreads(threads);
      results.emplace_back(shape);
      ASSERT_TRUE(conv->Forward(x, nullptr, &results.back()).ok());
      EXPECT_TRUE(AllEqual(results.back(), results[0])) << c.x.ToString();
    }
    SetNumThreads(0);
  }
}

Tensor ForwardBf16(Convolution* conv, const Tensor& x) {
  Tensor y(ops::InferConvShape(conv->params(), x.shape(), conv->weight_shape())
               .value(),
           DType::kBF16);
  EXPECT_TRUE(conv->Forward(x, nullptr, &y).ok());
  return y;
}

// In bf16 without AMX, from maps in bf16; direct sums have the weights that
// they would have had alone.
TEST(DnnlConv, Bf16ByWinogradWhereThatPays) {
  ConvParams params;
  params.pad = 1;
  const Tensor weight = RandomTensor("w", Shape{64, 64, 3, 3});
  const Tensor bias = RandomTensor("b", Shape{64});
  if (!WinoConv::Fits(params, weight.shape(), DType::kBF16) ||
      HasIsa(dnnl::cpu_isa::avx512_core_amx)) {
    GTEST_SKIP() << "needs AVX512_BF16 and no AMX";
  }
  DnnlConvs convs(DType::kBF16, ConvAlgorithm::kAuto);
  DnnlConvs direct_convs(DType::kBF16, ConvAlgorithm::kDirect);
  const auto conv = convs.Prepare(params, weight, bias).value();
  const auto direct = direct_convs.Prepare(params, weight, bias).value();
  const Tensor large = RandomTensor("x", Shape{1, 24, 24, 64}, DType::kBF16);
  EXPECT_EQ(conv->AlgorithmFor(large, nullptr), "winograd");
  EXPECT_EQ(direct->AlgorithmFor(large, nullptr), "direct");
  // 576 products, 1/3 large, of which one operand is rounded by u at most: five
  // standard deviations. Both results are.
  const double u = UnitRoundoff(DType::kBF16);
  EXPECT_TRUE(AllNear(AsF32(ForwardBf16(conv.get(), large)),
                      AsF32(ForwardBf16(direct.get(), large)),
                      5 * u * 24 / 3 * 4));
  for (const Tensor& x :
       {RandomTensor("x", Shape{1, 9, 9, 64}, DType::kBF16),
        RandomTensor("x", Shape{1, 24, 24, 64}, DType::kF32)}) {
    EXPECT_EQ(conv->AlgorithmFor(x, nullptr), "direct");
    EXPECT_TRUE(AllEqual(AsF32(ForwardBf16(conv.get(), x)),
                         AsF32(ForwardBf16(direct.get(), x))));
  }
}

TEST(DnnlConv, MayMoveToAnotherThread) {
  SetNumThreads(2);
  DnnlConvs convs(DType::kF32);
  const ConvCase c = Cases()[3];
  const Tensor x = RandomTensor("x", c.x);
  const ConvParams params = ParamsOf(c, false);
  const auto conv = convs
                        .Prepare(params, RandomTensor("w", c.weight),
                                 RandomTensor("b", Shape{c.weight.dim(0)}))
                        .value();
  const Shape shape = ops::InferConvShape(params, c.x, c.weight).value();
  Tensor here(shape), there(shape);
  ASSERT_TRUE(conv->Forward(x, nullptr, &here).ok());
  std::thread([&] {
    EXPECT_TRUE(conv->Forward(x, nullptr, &there).ok());
  }).join();
  SetNumThreads(0);
  EXPECT_TRUE(AllEqual(there, here));
}

}  // namespace
}  // namespace fcis::kernels
