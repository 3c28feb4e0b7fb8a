#include "fcis/model/bin_major.h"

#include <numeric>

#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(BinMajorTest, OrderAndBack) {
  // 2 x 2 bins of three values, two elements each.
  Tensor t(Shape{12, 2});
  std::iota(t.mutable_data<float>(), t.mutable_data<float>() + 24, 0.0f);
  const Tensor bins = BinMajorRows(t, 2);
  // Bin 0: value 0 is row 0, value 1 is row 4, value 2 is row 8.
  EXPECT_EQ(bins.data<float>()[0], 0.0f);
  EXPECT_EQ(bins.data<float>()[2], 8.0f);
  EXPECT_EQ(bins.data<float>()[5], 17.0f);
  // Bin 1, value 0 is row 1.
  EXPECT_EQ(bins.data<float>()[6], 2.0f);
  EXPECT_TRUE(AllEqual(ReferenceRows(bins, 2), t));
}

}  // namespace
}  // namespace fcis::model
