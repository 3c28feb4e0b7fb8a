#include "fcis/core/mask/pasted_rle.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(PastedMaskToRleTest, PutsTheMaskInItsPlace) {
  PastedMask mask;
  mask.x0 = 2;
  mask.y0 = 1;
  mask.width = 2;
  mask.height = 3;
  mask.bits = {1, 0,  //
               1, 1,  //
               0, 1};
  // Down the columns of 5 x 4: two empty ones, .11.., ..11.
  EXPECT_TRUE(PastedMaskToRle(mask, 5, 4) == (Rle{5, 4, {11, 2, 4, 2, 1}}));
}

TEST(PastedMaskToRleTest, NoPixels) {
  EXPECT_TRUE(PastedMaskToRle(PastedMask(), 2, 3) == (Rle{2, 3, {6}}));
}

}  // namespace
}  // namespace fcis
