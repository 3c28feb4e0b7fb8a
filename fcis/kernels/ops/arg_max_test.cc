#include "fcis/kernels/ops/arg_max.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class ArgMaxTest : public ::testing::TestWithParam<std::string> {
 protected:
  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
};

TEST_P(ArgMaxTest, FirstOfTheLargest) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::FromSpan<float>(
      {6, 3},
      {1, 3, 2, 5, 5, 4, -3, -2, -2, 0, -0.0f, 0, 1, kNan, 2, kNan, 7, 8});
  const auto y = OnHost(*backend_, ops::ArgMax(*backend_, x));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(AllEqual(*y, Tensor::FromSpan<int32_t>({6}, {1, 0, 1, 0, 2, 0})));
}

TEST_P(ArgMaxTest, LongRows) {
  Tensor x = RandomTensor("x", {300, 81});
  for (int r = 0; r < 300; ++r) x.mutable_data<float>()[r * 81 + r % 81] = 2;
  const auto y = OnHost(*backend_, ops::ArgMax(*backend_, x));
  ASSERT_TRUE(y.ok()) << y.status();
  for (int r = 0; r < 300; ++r) EXPECT_EQ(y->data<int32_t>()[r], r % 81);
}

TEST_P(ArgMaxTest, NoRowsGiveNone) {
  const auto y = ops::ArgMax(*backend_, Tensor::Zeros({0, 5}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ(y->shape(), Shape{0});
}

TEST_P(ArgMaxTest, BadArgumentsAreErrors) {
  EXPECT_FALSE(ops::ArgMax(*backend_, Tensor::Zeros({3, 0})).ok());
  EXPECT_FALSE(ops::ArgMax(*backend_, Tensor::Zeros(Shape{3})).ok());
  EXPECT_FALSE(ops::ArgMax(*backend_, Tensor::Zeros({3, 2}, DType::kI32)).ok());
}

INSTANTIATE_TEST_SUITE_P(Backends, ArgMaxTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
