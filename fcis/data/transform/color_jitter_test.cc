#include "fcis/data/transform/color_jitter.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::data {
namespace {

Image TwoPixels() {
  Image image(1, 2);
  image.pixels = {10, 100, 200, 50, 50, 50};
  return image;
}

// Gray of the first: .299 * 10 + .587 * 100 + .114 * 200 = 84.49; the mean of
// both is 67.245.
std::vector<uint8_t> Changed(double brightness, double contrast,
                             double saturation) {
  Image image = TwoPixels();
  ChangeColors({brightness, contrast, saturation}, image);
  return image.pixels;
}

TEST(ChangeColors, EachFactorAlone) {
  EXPECT_EQ(Changed(1, 1, 1), TwoPixels().pixels);
  EXPECT_EQ(Changed(1.3, 1, 1),
            (std::vector<uint8_t>{13, 130, 255, 65, 65, 65}));
  // 67.245 + .5 * (v - 67.245)
  EXPECT_EQ(Changed(1, .5, 1), (std::vector<uint8_t>{39, 84, 134, 59, 59, 59}));
  // 84.49 + .5 * (v - 84.49); gray stays gray
  EXPECT_EQ(Changed(1, 1, .5), (std::vector<uint8_t>{47, 92, 142, 50, 50, 50}));
  EXPECT_EQ(Changed(0, 1, 1), std::vector<uint8_t>(6, 0));
}

// Brightness, then contrast around the new mean, 134.49, then saturation.
TEST(ChangeColors, InOrder) {
  // First pixel, brighter: 20, 200, 400; half the contrast: 77.2, 167.2, 267.2
  // with gray 151.7; half the saturation: 114.5, 159.5, 209.5.
  const std::vector<uint8_t> got = Changed(2, .5, .5);
  EXPECT_NEAR(got[0], 114.5, 1);
  EXPECT_NEAR(got[1], 159.5, 1);
  EXPECT_NEAR(got[2], 209.5, 1);
  EXPECT_NEAR(got[3], 117.2, 1);
}

TEST(ChangeColors, NothingToChange) {
  Image empty;
  ChangeColors({.5, .5, .5}, empty);
  EXPECT_TRUE(empty.empty());
}

TEST(RandomColorFactors, FillTheirRange) {
  RandomStream random("colors", 1);
  double low = 1, high = 1;
  for (int i = 0; i < 200; ++i) {
    const ColorFactors f = RandomColorFactors(.4, random);
    for (const double v : {f.brightness, f.contrast, f.saturation}) {
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  EXPECT_GE(low, .6);
  EXPECT_LT(low, .65);
  EXPECT_LE(high, 1.4);
  EXPECT_GT(high, 1.35);
  RandomStream other("colors", 1);
  EXPECT_EQ(RandomColorFactors(0, other).contrast, 1);
}

}  // namespace
}  // namespace fcis::data
