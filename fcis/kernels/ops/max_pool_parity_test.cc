// Max pooling against the reference's numbers, on every backend, and the sizes
// of every stage of the network.
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class MaxPoolParityTest : public ::testing::TestWithParam<std::string> {};

TEST_P(MaxPoolParityTest, EveryCase) {
  const GoldenFile golden("ops_pool.npz");
  const auto backend = MakeTestBackend(GetParam());
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    const std::string at = absl::StrCat("pool", i, "/");
    SCOPED_TRACE(at);
    const auto y =
        OnHost(*backend, ops::MaxPool(*backend, MaxPoolParams(),
                                      NchwToNhwc(golden.Get(at + "x"))));
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_TRUE(AllEqual(NhwcToNchw(*y), golden.Get(at + "y")));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, MaxPoolParityTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

// Columns: picture side, after the stem, after the pool, res3, res4 = res5.
TEST(StrideTable, EverySide) {
  const Tensor table = GoldenFile("ops_pool.npz").Get("stride_table");
  ConvParams stem, strided;
  stem.stride = strided.stride = 2;
  stem.pad = 3;
  ASSERT_GT(table.dim(0), 0);
  for (int64_t row = 0; row < table.dim(0); ++row) {
    const int32_t* want = table.data<int32_t>() + row * 5;
    SCOPED_TRACE(want[0]);
    const auto conv1 = ops::InferConvShape(stem, Shape{1, want[0], want[0], 3},
                                           Shape{1, 3, 7, 7});
    ASSERT_TRUE(conv1.ok()) << conv1.status();
    EXPECT_EQ(conv1->dim(1), want[1]);
    const auto pool = ops::InferMaxPoolShape(MaxPoolParams(), *conv1);
    ASSERT_TRUE(pool.ok()) << pool.status();
    EXPECT_EQ(pool->dim(1), want[2]);
    const Shape projection{1, 1, 1, 1};
    const auto res3 = ops::InferConvShape(strided, *pool, projection);
    ASSERT_TRUE(res3.ok()) << res3.status();
    EXPECT_EQ(res3->dim(1), want[3]);
    const auto res4 = ops::InferConvShape(strided, *res3, projection);
    ASSERT_TRUE(res4.ok()) << res4.status();
    EXPECT_EQ(res4->dim(2), want[4]);
  }
}

}  // namespace
}  // namespace fcis::kernels
