#include "fcis/kernels/ops/max_pool.h"

#include <string>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(InferMaxPoolShape, CoversTheWholeInput) {
  const MaxPoolParams p;
  EXPECT_EQ(*ops::InferMaxPoolShape(p, Shape{1, 300, 401, 64}),
            (Shape{1, 150, 200, 64}));
  EXPECT_EQ(*ops::InferMaxPoolShape(p, Shape{2, 2, 3, 1}), (Shape{2, 1, 1, 1}));
  EXPECT_EQ(*ops::InferMaxPoolShape(p, Shape{1, 1, 8, 1}), (Shape{1, 1, 4, 1}));
}

TEST(InferMaxPoolShape, RejectsWhatGivesNoOutput) {
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

TEST_P(MaxPoolTest, OneRowIsPooledAlongIt) {
  const auto backend = MakeTestBackend(GetParam());
  const Tensor x = Tensor::FromSpan<float>(Shape{1, 1, 4, 1}, {-4, -3, -2, -1});
  const auto y = OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(), x));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(
      AllEqual(*y, Tensor::FromSpan<float>(Shape{1, 1, 2, 1}, {-2, -1})));
}

TEST_P(MaxPoolTest, NarrowTypesKeepNumbers) {
  for (const DType type : {DType::kBF16, DType::kF16}) {
    const auto backend = MakeTestBackend(GetParam(), type);
    if (backend == nullptr) continue;  // not on this device
    const Tensor x = RandomTensor("x", Shape{1, 9, 12, 5}, type);
    const auto y = OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(), x));
    const auto want =
        OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(), AsF32(x)));
    ASSERT_TRUE(y.ok() && want.ok());
    ASSERT_EQ(y->type(), type);
    EXPECT_TRUE(AllEqual(AsF32(*y), *want));
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
}  // namespace fcis::kernels
