#include "fcis/core/tensor/layout.h"

#include "fcis/core/testing/near.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(Layout, SwapsChannelsAndBack) {
  const Tensor nhwc = Tensor::FromSpan<float>(
      {2, 1, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Tensor nchw = NhwcToNchw(nhwc);
  EXPECT_EQ(nchw.shape(), Shape({2, 2, 1, 3}));
  EXPECT_THAT(nchw.span<float>(),
              ::testing::ElementsAre(1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12));
  EXPECT_TRUE(AllEqual(NchwToNhwc(nchw), nhwc));
}

TEST(Layout, Empty) {
  EXPECT_EQ(NhwcToNchw(Tensor(Shape{1, 0, 4, 3})).shape(), Shape({1, 3, 0, 4}));
}

}  // namespace
}  // namespace fcis
