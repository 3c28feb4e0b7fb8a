#include "fcis/kernels/ref/ref_conv.h"

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

TEST(RefConv, ByHand) {
  ConvParams p;
  p.stride = 2;
  p.pad = 1;
  // x = 1..9 in 3x3; the kernel 1..4 in 2x2. Output (1, 1) sees 5 6 / 8 9.
  RefConv conv(p, Iota(Shape{1, 1, 2, 2}), Tensor::Zeros(Shape{1}),
               DType::kF32);
  Tensor y(Shape{1, 2, 2, 1});
  ASSERT_TRUE(conv.Forward(Iota(Shape{1, 3, 3, 1}), nullptr, &y).ok());
  EXPECT_TRUE(
      AllEqual(y, Tensor::FromSpan<float>(Shape{1, 2, 2, 1},
                                          {4 * 1, 3 * 2 + 4 * 3, 2 * 4 + 4 * 7,
                                           5 + 2 * 6 + 3 * 8 + 4 * 9})));
}

TEST(RefConv, DilationSkipsPixels) {
  ConvParams p;
  p.dilation = 2;
  RefConv conv(p, Iota(Shape{1, 1, 2, 2}), Tensor::Zeros(Shape{1}),
               DType::kF32);
  Tensor y(Shape{1, 1, 1, 1});
  ASSERT_TRUE(conv.Forward(Iota(Shape{1, 3, 3, 1}), nullptr, &y).ok());
  EXPECT_EQ(y.data<float>()[0], 1 + 2 * 3 + 3 * 7 + 4 * 9);
}

TEST(RefConv, ChannelsAreNotMixedUp) {
  // y[o] = sum_i x[i] w[o][i], x = 1 2 3, w = 1 2 3 / 4 5 6.
  RefConv conv(ConvParams(), Iota(Shape{2, 3, 1, 1}),
               Tensor::FromSpan<float>(Shape{2}, {0.5f, -40.0f}), DType::kF32);
  Tensor y(Shape{1, 1, 1, 2});
  ASSERT_TRUE(conv.Forward(Iota(Shape{1, 1, 1, 3}), nullptr, &y).ok());
  EXPECT_EQ(y.data<float>()[0], 14.5f);
  EXPECT_EQ(y.data<float>()[1], -8.0f);
}

TEST(RefConv, Bf16RoundsOperands) {
  const float third = 1.0f / 3;  // 0.333984375 in bf16
  RefConv conv(ConvParams(),
               Tensor::FromSpan<float>(Shape{1, 1, 1, 1}, {third}),
               Tensor::Zeros(Shape{1}), DType::kBF16);
  Tensor y(Shape{1, 1, 1, 1});
  ASSERT_TRUE(conv.Forward(Tensor::FromSpan<float>(Shape{1, 1, 1, 1}, {third}),
                           nullptr, &y)
                  .ok());
  EXPECT_EQ(y.data<float>()[0], 0.333984375f * 0.333984375f);
}

}  // namespace
}  // namespace fcis::kernels
