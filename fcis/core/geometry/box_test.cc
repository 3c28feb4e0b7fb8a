#include "fcis/core/geometry/box.h"

#include <cmath>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(IoU, CountsHalfOpenPixels) {
  EXPECT_EQ(IoU({0, 0, 4, 2}, {0, 0, 4, 2}), 1.0f);
  EXPECT_EQ(IoU({0, 0, 4, 2}, {2, 0, 6, 2}), 4.0f / 12.0f);
  EXPECT_EQ(IoU({0, 0, 4, 2}, {4, 0, 6, 2}), 0.0f);  // only an edge in common
}

TEST(IoU, TwoEmptyBoxesAreNaN) {
  EXPECT_TRUE(std::isnan(IoU({1, 1, 1, 5}, {1, 1, 1, 5})));
  EXPECT_EQ(IoU({1, 1, 1, 5}, {0, 0, 4, 4}), 0.0f);
}

TEST(ClipBox, StaysInside) {
  EXPECT_EQ(ClipBox({-3, 2, 20, 30}, 10, 8), (Box{0, 2, 10, 8}));
  EXPECT_EQ(ClipBox({12, -9, 20, -1}, 10, 8), (Box{10, 0, 10, 0}));
}

}  // namespace
}  // namespace fcis
