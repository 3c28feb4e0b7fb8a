#include "fcis/tools/synthetic_picture.h"

#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

TEST(SyntheticPicture, IsTheSameEveryTime) {
  const Image a = SyntheticPicture(40, 60);
  EXPECT_EQ(a.height, 40);
  EXPECT_EQ(a.width, 60);
  EXPECT_EQ(a.pixels, SyntheticPicture(40, 60).pixels);
}

}  // namespace
}  // namespace fcis::tools
