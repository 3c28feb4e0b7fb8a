#include "fcis/kernels/ops/max_pool.h"

#include <string>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(InferMaxPoolShape, CoversTheWholeInput) {
  const MaxPoolParams p;
  EXPECT_EQ(*ops::InferMaxPoolShape(p, Shape{1, 300, 401, 64}),
            (Shape{1, 150, 200, 64}));
  EXPECT_EQ(*ops::InferMaxPoolShape(p, Shape{2, 2, 3, 1}), (Shape{2, 1, 1, 1}));
}

TEST(InferMaxPoolShape, RejectsWhatGivesNoOutput) {
  EXPECT_FALSE(ops::InferMaxPoolShape(MaxPoolParams(), Shape{1, 1, 8, 1}).ok());
  EXPECT_FALSE(ops::InferMaxPoolShape(MaxPoolParams(), Shape{8, 8, 1}).ok());
  EXPECT_FALSE(ops::InferMaxPoolShape(MaxPoolParams(), Shape{1, 8, 8, 0}).ok());
  MaxPoolParams gaps;
  gaps.kernel = 1;
  EXPECT_FALSE(ops::InferMaxPoolShape(gaps, Shape{1, 8, 8, 1}).ok());
}

class MaxPoolTest : public ::testing::TestWithParam<std::string> {};

TEST_P(MaxPoolTest, LastWindowIsCutOff) {
  const auto backend = MakeTestBackend(GetParam());
  // Rows 0..3 of one column: windows 0..2 and 2..3 (cut off).
  const Tensor x = Tensor::FromSpan<float>(Shape{1, 4, 2, 1},
                                           {-1, -2, -3, -9, -8, -7, -6, -5});
  const auto y = OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(), x));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(
      AllEqual(*y, Tensor::FromSpan<float>(Shape{1, 2, 1, 1}, {-1, -5})));
}

TEST_P(MaxPoolTest, Bf16KeepsBits) {
  const auto backend = MakeTestBackend(GetParam(), DType::kBF16);
  if (backend == nullptr) GTEST_SKIP() << "no bf16 on this CPU";
  const Tensor x = RandomTensor("x", Shape{1, 9, 12, 5}, DType::kBF16);
  Tensor wide(x.shape());
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    wide.mutable_data<float>()[i] = FromBf16(x.data<uint16_t>()[i]);
  }
  const auto y = OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(), x));
  const auto want =
      OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(), wide));
  ASSERT_TRUE(y.ok() && want.ok());
  ASSERT_EQ(y->type(), DType::kBF16);
  for (int64_t i = 0; i < y->num_elements(); ++i) {
    EXPECT_EQ(y->data<uint16_t>()[i], ToBf16(want->data<float>()[i]));
  }
}

TEST_P(MaxPoolTest, OtherTypeIsAnError) {
  const auto backend = MakeTestBackend(GetParam());
  EXPECT_FALSE(ops::MaxPool(*backend, MaxPoolParams(),
                            Tensor(Shape{1, 4, 4, 1}, DType::kBF16))
                   .ok());
}

INSTANTIATE_TEST_SUITE_P(Backends, MaxPoolTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis
