#include "fcis/core/tensor/shape.h"

#include <limits>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().num_elements(), 1);
  EXPECT_EQ(Shape({3, 0, 2}).num_elements(), 0);
  EXPECT_EQ(Shape({2, 3, 4}).num_elements(), 24);
  EXPECT_EQ(Shape({2, 3, 4}).dim(-1), 4);
  EXPECT_EQ(Shape({2, 3, 4}).dim(0), 2);
}

TEST(Shape, PrintsAndCompares) {
  EXPECT_EQ(Shape({2, 3}).ToString(), "2x3");
  EXPECT_EQ(Shape().ToString(), "scalar");
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
}

TEST(Shape, FromExtentsRefusesWhatWouldWrap) {
  constexpr int64_t kBig = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(Shape::FromExtents({7, 5}).ok());
  EXPECT_TRUE(Shape::FromExtents({int64_t{1} << 31, int64_t{1} << 31}).ok());
  EXPECT_FALSE(Shape::FromExtents({-1}).ok());
  EXPECT_FALSE(Shape::FromExtents({kBig}).ok());
  EXPECT_FALSE(Shape::FromExtents({int64_t{1} << 32, int64_t{1} << 32}).ok());
  EXPECT_FALSE(Shape::FromExtents({kBig, 4, 0}).ok());
}

}  // namespace
}  // namespace fcis
