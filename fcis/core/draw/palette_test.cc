#include "fcis/core/draw/palette.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

int SquaredDistance(const Color& a, const Color& b) {
  const int r = a.r - b.r, g = a.g - b.g, blue = a.b - b.b;
  return r * r + g * g + blue * blue;
}

TEST(InstanceColorTest, NeighboursLookDifferent) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_GT(SquaredDistance(InstanceColor(i), InstanceColor(i + 1)), 60 * 60)
        << i;
  }
}

TEST(InstanceColorTest, AHundredInstancesHaveTheirOwn) {
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < i; ++j) {
      const int apart = i < 16 ? 30 : 3;
      EXPECT_GE(SquaredDistance(InstanceColor(i), InstanceColor(j)),
                apart * apart)
          << i << " " << j;
    }
  }
}

TEST(InstanceColorTest, StartsWithOkabeAndIto) {
  EXPECT_EQ(InstanceColor(0), (Color{230, 159, 0}));
  EXPECT_EQ(InstanceColor(6), (Color{204, 121, 167}));
  // Hue 0, saturation and value 0.95.
  EXPECT_EQ(InstanceColor(7), (Color{242, 12, 12}));
}

TEST(TextColorTest, Contrasts) {
  EXPECT_EQ(TextColorOn({240, 228, 66}), (Color{0, 0, 0}));
  EXPECT_EQ(TextColorOn({0, 114, 178}), (Color{255, 255, 255}));
}

}  // namespace
}  // namespace fcis
