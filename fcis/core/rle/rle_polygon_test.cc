#include "fcis/core/rle/rle_polygon.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "fcis/core/config/limits.h"
#include "fcis/core/testing/plain_polygon.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void ExpectPlain(const std::vector<double>& xy, int height, int width) {
  const absl::StatusOr<Rle> rle = PolygonToRle(xy, height, width);
  ASSERT_TRUE(rle.ok()) << rle.status();
  EXPECT_EQ(rle->height, height);
  EXPECT_EQ(rle->width, width);
  ASSERT_EQ(rle->counts, PlainPolygon(xy, height, width))
      << ::testing::PrintToString(xy) << " " << height << "x" << width;
}

// A coordinate of one of several kinds, around a picture of this size.
double Coordinate(int kind, int size, std::mt19937& random) {
  const auto uniform = [&](double lo, double hi) {
    return std::uniform_real_distribution<double>(lo, hi)(random);
  };
  switch (kind) {
    case 0:
      return uniform(0, size);
    case 1:
      return uniform(-2.0 * size, 3.0 * size);
    case 2:
      return static_cast<int>(random() % (size + 5)) - 2;
    case 3:  // where the fine grid rounds
      return (static_cast<int>(random() % (10 * size + 20)) - 10) * .1;
    case 4:
      return static_cast<int>(random() % (2 * size + 5)) * .5 - 1;
    case 5:
      return uniform(-800, 800);
    default:
      return size * .5 + uniform(-.7, .7);
  }
}

TEST(PolygonToRleTest, EqualsTheCompleteWalk) {
  std::mt19937 random(11);
  for (int i = 0; i < 20000; ++i) {
    const int height = 1 + static_cast<int>(random() % (i % 5 ? 60 : 2));
    const int width = 1 + static_cast<int>(random() % (i % 7 ? 60 : 2));
    const int kind = static_cast<int>(random() % 7);
    std::vector<double> xy(random() % 24);
    for (size_t k = 0; k < xy.size(); ++k) {
      // Repeated coordinates make steep, flat and empty edges.
      xy[k] = k > 1 && random() % 5 == 0
                  ? xy[k - 2]
                  : Coordinate(kind, k % 2 ? height : width, random);
    }
    ExpectPlain(xy, height, width);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PolygonToRleTest, FarVertices) {
  std::mt19937 random(12);
  for (int i = 0; i < 20; ++i) {
    std::vector<double> xy(6 + random() % 3);
    for (double& v : xy) {
      v = Coordinate(i % 2 ? 1 : 0, 40, random) * (random() % 2 ? 1000 : 1);
    }
    ExpectPlain(xy, 30, 50);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PolygonToRleTest, NearlyVerticalAndNearlyDiagonal) {
  std::mt19937 random(13);
  for (int i = 0; i < 100; ++i) {
    const double x = Coordinate(0, 30, random);
    const double d = (random() % 2 ? 1 : -1) * Coordinate(0, 2, random);
    ExpectPlain({x, -1000, x + d, 2000, x + 9, 2000}, 30, 50);
    ExpectPlain({x, 2000, x + d, -1000, x + 9, -1000}, 30, 50);
    ExpectPlain({x - 500, -500, x + 499.8, 500, 60, -400}, 30, 50);
    ExpectPlain({x + 500, -500, x - 499.8, 500, 60, 400}, 30, 50);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PolygonToRleTest, KnownMasks) {
  EXPECT_THAT(PolygonToRle({1, 1, 1, 3, 3, 3, 3, 1}, 5, 5)->counts,
              ElementsAre(6, 2, 3, 2, 12));
  EXPECT_THAT(PolygonToRle({}, 2, 3)->counts, ElementsAre(6));
  EXPECT_THAT(PolygonToRle({0, 0, 5, 0, 5, 5}, 0, 3)->counts, ElementsAre(0));
  EXPECT_THAT(PolygonToRle({0, 0, 5, 0, 5, 5}, 7, 0)->counts, ElementsAre(0));
  EXPECT_THAT(PolygonToRle({0, 0, 9, 0, 9, 9, 0, 9}, 2, 3)->counts,
              ElementsAre(0, 6));
}

TEST(PolygonToRleTest, VeryFarIsQuick) {
  // pycocotools needs gigabytes for these.
  EXPECT_THAT(
      PolygonToRle({-4e8, -4e8, 4e8, -4e8, 4e8, 4e8, -4e8, 4e8}, 3, 4)->counts,
      ElementsAre(0, 12));
  EXPECT_THAT(PolygonToRle({-4e8, 4e8, 4e8, 4e8, 4e8, 3e8}, 3, 4)->counts,
              ElementsAre(12));
  EXPECT_THAT(PolygonToRle({0, -4e8, 2, 4e8, 4, 4e8, 2, -4e8}, 2, 5)->counts,
              ElementsAre(2, 4, 4));
}

TEST(PolygonToRleTest, WidestPicture) {
  const absl::StatusOr<Rle> rle =
      PolygonToRle({4e8, 0, 4e8, 1, 4e8 + 1, 1, 4e8 + 1, 0}, 1, 2147483647);
  EXPECT_THAT(rle->counts, ElementsAre(400000000, 1, 1747483646));
}

TEST(PolygonToRleTest, Errors) {
  EXPECT_THAT(PolygonToRle({1, 2, 3, 429496730}, 9, 9).status().message(),
              HasSubstr("coordinate 3 is 4.29497e+08"));
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(PolygonToRle({1, 2, -inf, 3}, 9, 9).ok());
  EXPECT_FALSE(PolygonToRle({1, std::nan(""), 3, 3}, 9, 9).ok());
  EXPECT_FALSE(PolygonToRle({1, 2, 3, 3}, 65536, 65536).ok());
  EXPECT_THAT(PolygonToRle({0, 0, 4e8, 0, 0, 0, 4e8, 1}, 1, 2147483647)
                  .status()
                  .message(),
              HasSubstr("crosses 1600000005 columns"));
}

TEST(PolygonsToRlesTest, FirstPartDecides) {
  EXPECT_EQ(
      PolygonsToRles({{1, 1, 1, 3, 3, 3}, {1, 2, 3, 4}, {}}, 5, 5)->size(), 3u);
  for (const std::vector<std::vector<double>>& parts :
       std::vector<std::vector<std::vector<double>>>{
           {}, {{}}, {{1, 2, 3, 4}, {1, 1, 1, 3, 3, 3}}}) {
    EXPECT_THAT(PolygonsToRles(parts, 5, 5).status().message(),
                HasSubstr("in the first polygon, expected more than 4"));
  }
}

TEST(BoxToRleTest, InsideOutsideEmpty) {
  EXPECT_THAT(BoxToRle({1, 1, 2, 2}, 5, 5)->counts,
              ElementsAre(6, 2, 3, 2, 12));
  EXPECT_THAT(BoxToRle({-3, -3, 20, 20}, 2, 2)->counts, ElementsAre(0, 4));
  EXPECT_THAT(BoxToRle({7, 1, 2, 2}, 5, 5)->counts, ElementsAre(25));
  EXPECT_THAT(BoxToRle({3, 3, -2, -2}, 5, 5)->counts,
              ElementsAre(6, 2, 3, 2, 12));
  EXPECT_THAT(BoxToRle({1, 1, 0, 2}, 5, 5)->counts, ElementsAre(25));
  EXPECT_FALSE(BoxToRle({1, 1, 1e300, 2}, 5, 5).ok());
}

// Two edges cross nearly all that are allowed, each of no length one more.
TEST(PolygonToRleTest, CrossingsAreLimited) {
  constexpr int64_t kWidth = kMaxPolygonCrossings / 2 - 1;
  constexpr double kEnd = kWidth;
  std::vector<double> xy = {0, 0, kEnd, 0, kEnd, 0};
  EXPECT_TRUE(PolygonToRle(xy, 1, kWidth).ok());
  xy.insert(xy.end(), {kEnd, 0});
  EXPECT_THAT(PolygonToRle(xy, 1, kWidth).status().message(),
              HasSubstr("crosses 67108865 columns, expected at most 67108864"));
}

}  // namespace
}  // namespace fcis
