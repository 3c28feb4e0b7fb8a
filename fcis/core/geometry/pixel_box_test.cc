#include "fcis/core/geometry/pixel_box.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(RoundBox, HalfToEven) {
  EXPECT_EQ(RoundBox({0.5f, 1.5f, 2.5f, 3.4f}), (PixelBox{0, 2, 2, 3}));
}

TEST(PixelBox, IsHalfOpen) {
  const PixelBox box{2, 3, 5, 4};
  EXPECT_EQ(box.width(), 3);
  EXPECT_EQ(box.height(), 1);
  EXPECT_FALSE(box.empty());
  EXPECT_TRUE((PixelBox{2, 3, 2, 4}).empty());
  EXPECT_EQ(ToBox(box), (Box{2, 3, 5, 4}));
}

TEST(UnionBox, LeavesOutEmptyBoxes) {
  const PixelBox a{2, 3, 5, 4}, b{1, 7, 3, 9}, none{0, 0, 0, 50};
  EXPECT_EQ(UnionBox(a, b), (PixelBox{1, 3, 5, 9}));
  EXPECT_EQ(UnionBox(none, b), b);
  EXPECT_EQ(UnionBox(a, none), a);
}

}  // namespace
}  // namespace fcis
