#include "fcis/kernels/ops/softmax.h"

#include <cmath>
#include <string>

#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class SoftmaxTest : public ::testing::TestWithParam<std::string> {
 protected:
  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
};

TEST_P(SoftmaxTest, RowsSumToOne) {
  const Tensor x = RandomTensor("x", Shape{1001, 3, 7});
  const auto y = OnHost(*backend_, ops::Softmax(*backend_, x));
  ASSERT_TRUE(y.ok()) << y.status();
  ASSERT_EQ(y->shape(), x.shape());
  for (int64_t row = 0; row < 3003; ++row) {
    const float* from = x.data<float>() + row * 7;
    const float* to = y->data<float>() + row * 7;
    double sum = 0, total = 0;
    for (int i = 0; i < 7; ++i) total += std::exp(static_cast<double>(from[i]));
    for (int i = 0; i < 7; ++i) {
      EXPECT_NEAR(to[i], std::exp(static_cast<double>(from[i])) / total, 1e-6);
      sum += to[i];
    }
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST_P(SoftmaxTest, LargeLogitsDoNotOverflow) {
  const auto y = OnHost(
      *backend_,
      ops::Softmax(*backend_,
                   Tensor::FromSpan<float>(Shape{1, 3}, {1000, 1000, -1000})));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ(y->data<float>()[0], 0.5f);
  EXPECT_EQ(y->data<float>()[2], 0.0f);
}

TEST_P(SoftmaxTest, InsideIsTheSecondOfAPair) {
  const Tensor pairs = RandomTensor("pairs", Shape{50, 3, 3, 2});
  const auto both = OnHost(*backend_, ops::Softmax(*backend_, pairs));
  const auto inside =
      OnHost(*backend_, ops::InsideProbabilities(*backend_, pairs));
  ASSERT_TRUE(both.ok()) << both.status();
  ASSERT_TRUE(inside.ok()) << inside.status();
  ASSERT_EQ(inside->shape(), (Shape{50, 3, 3}));
  for (int i = 0; i < 450; ++i) {
    EXPECT_EQ(inside->data<float>()[i], both->data<float>()[2 * i + 1]) << i;
  }
  const auto none =
      ops::InsideProbabilities(*backend_, Tensor::Zeros(Shape{0, 3, 3, 2}));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->shape(), (Shape{0, 3, 3}));
  EXPECT_FALSE(
      ops::InsideProbabilities(*backend_, Tensor::Zeros(Shape{4, 2})).ok());
}

TEST_P(SoftmaxTest, NoRowsGiveNone) {
  const auto y = ops::Softmax(*backend_, Tensor::Zeros(Shape{0, 5}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ(y->shape(), (Shape{0, 5}));
}

TEST_P(SoftmaxTest, BadArgumentsAreErrors) {
  EXPECT_FALSE(ops::Softmax(*backend_, Tensor::Zeros(Shape{})).ok());
  EXPECT_FALSE(ops::Softmax(*backend_, Tensor::Zeros(Shape{3, 0})).ok());
  EXPECT_FALSE(
      ops::Softmax(*backend_, Tensor::Zeros(Shape{3}, DType::kI32)).ok());
}

INSTANTIATE_TEST_SUITE_P(Backends, SoftmaxTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
