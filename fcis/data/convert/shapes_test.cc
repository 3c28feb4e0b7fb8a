#include "fcis/data/convert/shapes.h"

#include <cmath>
#include <vector>

#include "fcis/core/image/image.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_polygon.h"
#include "fcis/data/codec/orientation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;

TEST(ShapesTest, AnEllipseHasItsAreaToATenthOfAPixel) {
  for (const double radius : {3.0, 40.0, 700.0}) {
    const Polygon circle = EllipsePolygon(50, 60, radius, radius);
    const double area = std::abs(SignedArea(circle));
    EXPECT_LE(area, M_PI * radius * radius);
    // A ring of a tenth of a pixel, at most.
    EXPECT_GE(area, M_PI * radius * radius - .1 * 2 * M_PI * radius);
    for (size_t i = 0; i < circle.size(); i += 2) {
      EXPECT_NEAR(std::hypot(circle[i] - 50, circle[i + 1] - 60), radius, 1e-9);
    }
  }
  EXPECT_EQ(EllipsePolygon(1, 1, 0, 0).size(), 24);
}

TEST(ShapesTest, TurnsClockwise) {
  const Polygon turned = Rotated({2, 0, 0, 2}, 90, 0, 0);
  ASSERT_EQ(turned.size(), 4);
  EXPECT_NEAR(turned[0], 0, 1e-12);
  EXPECT_NEAR(turned[1], 2, 1e-12);  // y points down
  EXPECT_NEAR(turned[2], -2, 1e-12);
}

TEST(ShapesTest, ClipsToThePicture) {
  EXPECT_THAT(ClipToPicture({1, 1, 3, 1, 3, 3}, 4, 5),
              ElementsAre(1, 1, 3, 1, 3, 3));
  const Polygon cut = ClipToPicture(RectanglePolygon(-5, -5, 20, 2), 4, 5);
  EXPECT_DOUBLE_EQ(std::abs(SignedArea(cut)), 5 * 2);
  EXPECT_TRUE(ClipToPicture(RectanglePolygon(6, 0, 9, 3), 4, 5).empty());
  // A diamond about a corner: a quarter of it stays.
  const Polygon quarter = ClipToPicture({0, -2, 2, 0, 0, 2, -2, 0}, 9, 9);
  EXPECT_DOUBLE_EQ(std::abs(SignedArea(quarter)), 2);
}

TEST(ShapesTest, JoinsPartsWithoutChangingWhatTheyCover) {
  const std::vector<Polygon> parts = {RectanglePolygon(2, 2, 8, 8),
                                      RectanglePolygon(20, 20, 28, 26),
                                      RectanglePolygon(10, 2, 16, 8)};
  const Polygon joined = Joined(parts);
  EXPECT_EQ(joined.size(), 2 * (3 * 4 + 2 * 2));
  EXPECT_DOUBLE_EQ(std::abs(SignedArea(joined)), 36 + 48 + 36);
  EXPECT_TRUE(Joined({}).empty());
  EXPECT_EQ(Joined({parts[0]}), parts[0]);
}

// As a mask of noise has.
TEST(ShapesTest, JoinsManyParts) {
  std::vector<Polygon> parts;
  for (int i = 0; i < 50 * 50; ++i) {
    const int x = i % 50 * 2, y = i / 50 * 2;
    parts.push_back(RectanglePolygon(x, y, x + 1, y + 1));
  }
  const Polygon joined = Joined(parts);
  EXPECT_EQ(joined.size(), 2 * (2500 * 4 + 2499 * 2));
  EXPECT_DOUBLE_EQ(std::abs(SignedArea(joined)), 2500);
}

// Vertices go where the pixels between them go.
TEST(ShapesTest, TurnsAsThePictureIsTurned) {
  const int height = 6, width = 9;
  const Polygon corner = RectanglePolygon(1, 2, 4, 3);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    Image picture(height, width);
    for (int x = 1; x < 4; ++x) picture.row(2)[3 * x] = 1;
    const Image shown = ApplyOrientation(picture, orientation);
    std::vector<uint8_t> bits;
    for (size_t i = 0; i < shown.pixels.size(); i += 3) {
      bits.push_back(shown.pixels[i]);
    }
    Polygon turned = corner;
    TurnVertices(orientation, height, width, turned);
    EXPECT_EQ(*PolygonToRle(turned, shown.height, shown.width),
              EncodeRowMajor(bits.data(), shown.height, shown.width))
        << orientation;
  }
}

}  // namespace
}  // namespace fcis::data
