#include "fcis/kernels/ref/plain_convs.h"

#include <memory>

#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

Tensor Iota(const Shape& shape) {
  Tensor t(shape);
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    t.mutable_data<float>()[i] = static_cast<float>(i + 1);
  }
  return t;
}

std::unique_ptr<Convolution> Make(const ConvParams& params,
                                  const Tensor& weight, const Tensor& bias,
                                  PlainConvs* convs) {
  return *convs->Prepare(params, weight, bias);
}

TEST(PlainConvs, ByHand) {
  PlainConvs convs(HostDevice::Shared(), DType::kF32);
  ConvParams p;
  p.stride = 2;
  p.pad = 1;
  // x = 1..9 in 3x3; the kernel 1..4 in 2x2. Output (1, 1) sees 5 6 / 8 9.
  const auto conv =
      Make(p, Iota(Shape{1, 1, 2, 2}), Tensor::Zeros(Shape{1}), &convs);
  Tensor y(Shape{1, 2, 2, 1});
  ASSERT_TRUE(conv->Forward(Iota(Shape{1, 3, 3, 1}), nullptr, &y).ok());
  EXPECT_TRUE(
      AllEqual(y, Tensor::FromSpan<float>(Shape{1, 2, 2, 1},
                                          {4 * 1, 3 * 2 + 4 * 3, 2 * 4 + 4 * 7,
                                           5 + 2 * 6 + 3 * 8 + 4 * 9})));
}

TEST(PlainConvs, DilationSkipsPixels) {
  PlainConvs convs(HostDevice::Shared(), DType::kF32);
  ConvParams p;
  p.dilation = 2;
  const auto conv =
      Make(p, Iota(Shape{1, 1, 2, 2}), Tensor::Zeros(Shape{1}), &convs);
  Tensor y(Shape{1, 1, 1, 1});
  ASSERT_TRUE(conv->Forward(Iota(Shape{1, 3, 3, 1}), nullptr, &y).ok());
  EXPECT_EQ(y.data<float>()[0], 1 + 2 * 3 + 3 * 7 + 4 * 9);
}

TEST(PlainConvs, ChannelsAreNotMixedUp) {
  PlainConvs convs(HostDevice::Shared(), DType::kF32);
  // y[o] = sum_i x[i] w[o][i], x = 1 2 3, w = 1 2 3 / 4 5 6.
  const auto conv =
      Make(ConvParams(), Iota(Shape{2, 3, 1, 1}),
           Tensor::FromSpan<float>(Shape{2}, {0.5f, -40.0f}), &convs);
  Tensor y(Shape{1, 1, 1, 2});
  ASSERT_TRUE(conv->Forward(Iota(Shape{1, 1, 1, 3}), nullptr, &y).ok());
  EXPECT_EQ(y.data<float>()[0], 14.5f);
  EXPECT_EQ(y.data<float>()[1], -8.0f);
}

TEST(PlainConvs, Bf16RoundsOperands) {
  PlainConvs convs(HostDevice::Shared(), DType::kBF16);
  const float third = 1.0f / 3;  // 0.333984375 in bf16
  const auto conv =
      Make(ConvParams(), Tensor::FromSpan<float>(Shape{1, 1, 1, 1}, {third}),
           Tensor::Zeros(Shape{1}), &convs);
  Tensor y(Shape{1, 1, 1, 1});
  ASSERT_TRUE(conv->Forward(Tensor::FromSpan<float>(Shape{1, 1, 1, 1}, {third}),
                            nullptr, &y)
                  .ok());
  EXPECT_EQ(y.data<float>()[0], 0.333984375f * 0.333984375f);
}

}  // namespace
}  // namespace fcis::kernels
