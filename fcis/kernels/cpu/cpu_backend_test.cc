#include "fcis/kernels/cpu/cpu_backend.h"

#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// A small network in bf16, every op checked against the reference backend in
// bf16: weights and activations are rounded alike.
TEST(CpuBackend, Bf16FollowsTheReference) {
  const auto made = MakeTestBackend("check:cpu,ref", DType::kBF16);
  if (made == nullptr) GTEST_SKIP() << "no bf16 on this CPU";
  Backend& backend = *made;
  ConvParams stem;
  stem.stride = 2;
  stem.pad = 3;
  stem.relu = true;
  const auto conv1 =
      ops::PrepareConv(backend, stem, RandomTensor("w1", Shape{64, 3, 7, 7}),
                       RandomTensor("b1", Shape{64}))
          .value();
  ConvParams maps;
  maps.pad = 1;
  const auto conv2 =
      ops::PrepareConv(backend, maps,
                       RandomTensor("w2", Shape{4 * 6, 64, 3, 3}),
                       RandomTensor("b2", Shape{4 * 6}))
          .value();
  ConvParams scores;
  scores.f32_output = true;
  const auto conv3 =
      ops::PrepareConv(backend, scores, RandomTensor("w3", Shape{5, 24, 1, 1}),
                       RandomTensor("b3", Shape{5}))
          .value();

  auto x = ops::Conv(backend, *conv1, RandomTensor("x", Shape{1, 31, 45, 3}));
  ASSERT_TRUE(x.ok()) << x.status();
  EXPECT_EQ(x->type(), DType::kBF16);
  x = ops::MaxPool(backend, MaxPoolParams(), *x);
  ASSERT_TRUE(x.ok()) << x.status();
  x = ops::Conv(backend, *conv2, *x);
  ASSERT_TRUE(x.ok()) << x.status();
  const auto y = ops::Conv(backend, *conv3, *x);
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ(y->type(), DType::kF32);

  PsroiParams psroi;
  psroi.group_size = 2;
  psroi.roi_size = 6;
  const auto pooled = ops::Psroi(backend, PsroiForm::kClassScores, psroi,
                                 x->Reshaped(Shape{x->dim(1), x->dim(2), 24}),
                                 RandomRois("r", 9, 31, 45));
  ASSERT_TRUE(pooled.ok()) << pooled.status();
  EXPECT_EQ(pooled->type(), DType::kF32);
}

TEST(CpuBackend, NativeBf16NeedsNoMoreThanItSays) {
  if (CpuHasNativeBf16()) {
    EXPECT_TRUE(MakeCpuBackend(DType::kBF16).ok());
  }
  EXPECT_TRUE(MakeCpuBackend(DType::kF32).ok());
}

}  // namespace
}  // namespace fcis::kernels
