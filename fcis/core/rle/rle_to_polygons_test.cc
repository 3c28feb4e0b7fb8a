#include "fcis/core/rle/rle_to_polygons.h"

#include <cstdint>
#include <random>
#include <vector>

#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_polygon.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Polygons = std::vector<std::vector<double>>;

// '#' is foreground.
Rle Mask(const std::vector<std::string>& rows) {
  std::string pixels;
  for (const std::string& row : rows) {
    for (const char c : row) pixels += c == '#' ? '\1' : '\0';
  }
  return EncodeRowMajor(reinterpret_cast<const uint8_t*>(pixels.data()),
                        static_cast<int>(rows.size()),
                        static_cast<int>(rows[0].size()));
}

size_t CountParts(std::vector<uint8_t> mask, int height, int width) {
  size_t parts = 0;
  for (int start = 0; start < height * width; ++start) {
    if (mask[start] == 0) continue;
    ++parts;
    for (std::vector<int> todo = {start}; !todo.empty();) {
      const int at = todo.back(), x = at % width;
      todo.pop_back();
      if (mask[at] == 0) continue;
      mask[at] = 0;
      if (x > 0) todo.push_back(at - 1);
      if (x + 1 < width) todo.push_back(at + 1);
      if (at >= width) todo.push_back(at - width);
      if (at + width < height * width) todo.push_back(at + width);
    }
  }
  return parts;
}

// Edges are horizontal and vertical by turns, none is empty.
bool TurnsAtEachVertex(const std::vector<double>& xy) {
  const size_t n = xy.size();
  for (size_t i = 0; i < n; i += 2) {
    const double dx = xy[(i + 2) % n] - xy[i];
    const double dy = xy[(i + 3) % n] - xy[i + 1];
    const bool vertical = xy[(i + 4) % n] == xy[(i + 2) % n];
    if ((dx == 0) == (dy == 0) || (dx == 0) == vertical) return false;
  }
  return true;
}

void ExpectTheMaskAgain(const std::vector<uint8_t>& mask, int height,
                        int width) {
  const Rle rle = EncodeRowMajor(mask.data(), height, width);
  const Polygons polygons = RleToPolygons(rle);
  EXPECT_EQ(polygons.size(), CountParts(mask, height, width));
  for (const std::vector<double>& polygon : polygons) {
    ASSERT_TRUE(TurnsAtEachVertex(polygon))
        << ::testing::PrintToString(polygon);
  }
  if (polygons.empty()) return;
  const auto parts = PolygonsToRles(polygons, height, width);
  ASSERT_TRUE(parts.ok()) << parts.status();
  ASSERT_EQ(MergeRles(*parts, MergeMode::kUnion), rle)
      << ::testing::PrintToString(polygons);
  // Parts do not overlap.
  uint32_t area = 0;
  for (const Rle& part : *parts) area += RleArea(part);
  EXPECT_EQ(area, RleArea(rle));
}

TEST(RleToPolygonsTest, Rectangle) {
  EXPECT_THAT(RleToPolygons(Mask({".....",  //
                                  ".###.",  //
                                  ".###."})),
              ElementsAre(ElementsAre(4, 1, 4, 3, 1, 3, 1, 1)));
}

TEST(RleToPolygonsTest, AHoleIsJoinedFromAbove) {
  EXPECT_THAT(RleToPolygons(Mask({"####",  //
                                  "#..#",  //
                                  "####"})),
              ElementsAre(ElementsAre(1, 0, 1, 2, 3, 2, 3, 1, 1, 1, 1, 0,  //
                                      4, 0, 4, 3, 0, 3, 0, 0)));
}

TEST(RleToPolygonsTest, DiagonalPixelsAreTwoParts) {
  EXPECT_THAT(RleToPolygons(Mask({"#.", ".#"})),
              ElementsAre(ElementsAre(1, 0, 1, 1, 0, 1, 0, 0),
                          ElementsAre(2, 1, 2, 2, 1, 2, 1, 1)));
  EXPECT_THAT(RleToPolygons(Mask({".#", "#."})),
              ElementsAre(ElementsAre(1, 1, 1, 2, 0, 2, 0, 1),
                          ElementsAre(2, 0, 2, 1, 1, 1, 1, 0)));
}

TEST(RleToPolygonsTest, NothingIsNoPolygon) {
  EXPECT_THAT(RleToPolygons(Mask({"...", "..."})), IsEmpty());
  EXPECT_THAT(RleToPolygons(Rle{}), IsEmpty());
  EXPECT_THAT(RleToPolygons(Rle{0, 7, {0}}), IsEmpty());
  EXPECT_THAT(RleToPolygons(Rle{3, 4, {2, 0, 10}}), IsEmpty());
}

TEST(RleToPolygonsTest, EmptyRunsChangeNothing) {
  EXPECT_EQ(RleToPolygons(Rle{3, 3, {1, 1, 0, 1, 2, 0, 0, 2}}),
            RleToPolygons(Rle{3, 3, {1, 2, 2, 2, 2}}));
}

TEST(RleToPolygonsTest, WideAndHigh) {
  constexpr int kFar = 400000000;
  EXPECT_THAT(RleToPolygons(Rle{1, kFar + 2, {kFar, 1, 1}}),
              ElementsAre(ElementsAre(kFar + 1, 0, kFar + 1, 1, kFar, 1,  //
                                      kFar, 0)));
  EXPECT_THAT(RleToPolygons(Rle{kFar, 2, {1, 2 * kFar - 2, 1}}),
              ElementsAre(ElementsAre(1, 1, 1, 0, 2, 0, 2, kFar - 1, 1,
                                      kFar - 1, 1, kFar, 0, kFar, 0, 1)));
}

TEST(RleToPolygonsTest, RingsWithinRings) {
  std::vector<uint8_t> mask(25 * 25);
  for (int y = 0; y < 25; ++y) {
    for (int x = 0; x < 25; ++x) {
      mask[25 * y + x] =
          std::max(std::abs(x - 12), std::abs(y - 12)) % 2 == 0 ? 1 : 0;
    }
  }
  ExpectTheMaskAgain(mask, 25, 25);
}

TEST(RleToPolygonsTest, AnyMaskComesBack) {
  std::mt19937 random(21);
  for (int i = 0; i < 20000; ++i) {
    const int height = 1 + static_cast<int>(random() % (i % 5 ? 14 : 3));
    const int width = 1 + static_cast<int>(random() % (i % 7 ? 14 : 3));
    const uint32_t share = random() % 17;
    std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
    for (size_t k = 0; k < mask.size(); ++k) {
      // Some pixels are like their neighbour, which makes larger parts.
      mask[k] = k > 0 && random() % 3 == 0 ? mask[k - 1]
                                           : (random() % 16 < share ? 1 : 0);
    }
    ExpectTheMaskAgain(mask, height, width);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace fcis
