#include "fcis/kernels/ops/conv.h"

#include <string>
#include <utility>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using ::testing::HasSubstr;

TEST(InferConvShape, FollowsStridePadAndDilation) {
  ConvParams p;
  p.stride = 2;
  p.pad = 3;
  EXPECT_EQ(*ops::InferConvShape(p, Shape{1, 600, 801, 3}, Shape{64, 3, 7, 7}),
            (Shape{1, 300, 401, 64}));
  ConvParams dilated;
  dilated.pad = dilated.dilation = 2;
  EXPECT_EQ(
      *ops::InferConvShape(dilated, Shape{2, 38, 50, 8}, Shape{4, 8, 3, 3}),
      (Shape{2, 38, 50, 4}));
}

TEST(InferConvShape, RejectsWhatDoesNotFit) {
  const Shape weight{4, 3, 3, 3};
  for (const Shape& x : {Shape{8, 8, 3}, Shape{1, 8, 8, 2}, Shape{0, 8, 8, 3},
                         Shape{1, 2, 8, 3}}) {
    EXPECT_FALSE(ops::InferConvShape(ConvParams(), x, weight).ok())
        << x.ToString();
  }
}

class ConvTest : public ::testing::TestWithParam<std::string> {
 protected:
  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());

  std::unique_ptr<Convolution> Prepare(const ConvParams& params,
                                       const Tensor& weight,
                                       const Tensor& bias) {
    auto conv = ops::PrepareConv(*backend_, params, weight, bias);
    EXPECT_TRUE(conv.ok()) << conv.status();
    return std::move(conv).value();
  }
};

TEST_P(ConvTest, BiasResidualAndReluAddUp) {
  ConvParams params;
  params.relu = true;
  // One input channel of 2, two outputs: 2*3 + 1 = 7 and 2*(-4) + 0.5 = -7.5.
  const auto conv =
      Prepare(params, Tensor::FromSpan<float>(Shape{2, 1, 1, 1}, {3.0f, -4.0f}),
              Tensor::FromSpan<float>(Shape{2}, {1.0f, 0.5f}));
  const Tensor x = Tensor::FromSpan<float>(Shape{1, 1, 1, 1}, {2.0f});
  const auto plain = OnHost(*backend_, ops::Conv(*backend_, *conv, x));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_TRUE(AllEqual(
      *plain, Tensor::FromSpan<float>(Shape{1, 1, 1, 2}, {7.0f, 0.0f})));
  const auto sum = OnHost(
      *backend_,
      ops::Conv(*backend_, *conv, x,
                Tensor::FromSpan<float>(Shape{1, 1, 1, 2}, {-1.0f, 8.0f})));
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_TRUE(
      AllEqual(*sum, Tensor::FromSpan<float>(Shape{1, 1, 1, 2}, {6.0f, 0.5f})));
}

TEST_P(ConvTest, ResultTakesOverAMovedResidualOnly) {
  const auto conv = Prepare(ConvParams(), RandomTensor("w", Shape{16, 8, 1, 1}),
                            Tensor::Zeros(Shape{16}));
  const Tensor x = RandomTensor("x", Shape{1, 5, 7, 8});
  // A map of the backend's own.
  Tensor residual = *ops::Conv(*backend_, *conv, RandomTensor("r", x.shape()));
  const Tensor before = OnHost(*backend_, residual)->Clone();
  const auto kept = ops::Conv(*backend_, *conv, x, residual);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_NE(kept->raw(), residual.raw());
  EXPECT_TRUE(AllEqual(*OnHost(*backend_, residual), before));

  const void* memory = residual.raw();
  const auto moved = ops::Conv(*backend_, *conv, x, std::move(residual));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->raw(), memory);
  EXPECT_TRUE(AllEqual(*OnHost(*backend_, moved), *OnHost(*backend_, kept)));
}

TEST_P(ConvTest, SameConvolutionOnOtherSizes) {
  ConvParams params;
  params.pad = 1;
  const auto conv = Prepare(
      params,
      Tensor::FromSpan<float>(Shape{1, 1, 3, 3}, {1, 1, 1, 1, 1, 1, 1, 1, 1}),
      Tensor::Zeros(Shape{1}));
  for (const int64_t side : {1, 4, 3, 4}) {
    Tensor x(Shape{1, side, side, 1});
    for (float& v : x.mutable_span<float>()) v = 1;
    const auto y = OnHost(*backend_, ops::Conv(*backend_, *conv, x));
    ASSERT_TRUE(y.ok()) << y.status();
    ASSERT_EQ(y->shape(), x.shape());
    EXPECT_EQ(y->data<float>()[0], side == 1 ? 1 : 4) << side;
    if (side > 2) {
      EXPECT_EQ(y->data<float>()[side + 1], 9) << side;
    }
  }
}

// Operands are rounded, sums are not, and the result is rounded once. Backends
// that check compare random numbers, too.
TEST_P(ConvTest, NarrowTypesRoundOperandsAndResults) {
  for (const DType type : {DType::kBF16, DType::kF16}) {
    const auto backend = MakeTestBackend(GetParam(), type);
    if (backend == nullptr) continue;  // not on this device
    // 1 + 2u comes after 1. Each number of 0.9u is lost where it is rounded
    // beside a 1: in the operands, but not in sums.
    const float u = static_cast<float>(UnitRoundoff(type));
    const auto conv = *ops::PrepareConv(
        *backend, ConvParams(),
        Tensor::FromSpan<float>(Shape{1, 2, 1, 1}, {1 + 0.9f * u, 1}),
        Tensor::FromSpan<float>(Shape{1}, {0.9f * u}));
    const Tensor x =
        Tensor::FromSpan<float>(Shape{1, 1, 1, 2}, {1 + 0.9f * u, 0.9f * u});
    const auto y = OnHost(*backend, ops::Conv(*backend, *conv, x));
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_EQ(y->type(), type);
    EXPECT_EQ(AsF32(*y).data<float>()[0], 1 + 2 * u) << DTypeName(type);

    ConvParams padded;
    padded.pad = 1;
    const auto random =
        *ops::PrepareConv(*backend, padded, RandomTensor("w", {16, 8, 3, 3}),
                          RandomTensor("b", {16}));
    const auto sums =
        ops::Conv(*backend, *random, RandomTensor("x", {1, 6, 7, 8}, type),
                  RandomTensor("r", {1, 6, 7, 16}, type));
    EXPECT_TRUE(sums.ok()) << sums.status();
  }
}

TEST_P(ConvTest, BadArgumentsAreNamed) {
  const Tensor weight = RandomTensor("w", Shape{4, 3, 1, 1});
  const Tensor bias = Tensor::Zeros(Shape{4});
  ConvParams bad;
  bad.stride = 0;
  EXPECT_THAT(
      std::string(
          ops::PrepareConv(*backend_, bad, weight, bias).status().message()),
      HasSubstr("stride 0"));
  EXPECT_THAT(std::string(ops::PrepareConv(*backend_, ConvParams(), weight,
                                           Tensor::Zeros(Shape{3}))
                              .status()
                              .message()),
              HasSubstr("bias f32 3, expected f32 4"));
  EXPECT_FALSE(ops::PrepareConv(*backend_, ConvParams(),
                                Tensor::Zeros(Shape{4, 0, 1, 1}), bias)
                   .ok());

  const auto conv = Prepare(ConvParams(), weight, bias);
  EXPECT_THAT(
      std::string(ops::Conv(*backend_, *conv, Tensor::Zeros(Shape{1, 2, 2, 5}))
                      .status()
                      .message()),
      HasSubstr("expected 3 channels"));
  EXPECT_THAT(std::string(ops::Conv(*backend_, *conv,
                                    Tensor(Shape{1, 2, 2, 3}, DType::kU8))
                              .status()
                              .message()),
              HasSubstr("type u8"));
  EXPECT_THAT(
      std::string(ops::Conv(*backend_, *conv, Tensor::Zeros(Shape{1, 2, 2, 3}),
                            Tensor::Zeros(Shape{1, 2, 2, 3}))
                      .status()
                      .message()),
      HasSubstr("residual f32 1x2x2x3, expected f32 1x2x2x4"));
}

INSTANTIATE_TEST_SUITE_P(Backends, ConvTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
