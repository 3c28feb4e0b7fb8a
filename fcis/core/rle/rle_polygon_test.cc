#include "fcis/core/rle/rle_polygon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Every point of the walk along the boundary on the fine grid, as pycocotools
// defines it.
std::vector<std::pair<int, int>> Walk(const std::vector<double>& xy) {
  std::vector<int> x, y;
  for (size_t i = 0; i + 1 < xy.size(); i += 2) {
    x.push_back(static_cast<int>(5 * xy[i] + .5));
    y.push_back(static_cast<int>(5 * xy[i + 1] + .5));
  }
  std::vector<std::pair<int, int>> points;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t next = (i + 1) % x.size();
    int xs = x[i], xe = x[next], ys = y[i], ye = y[next];
    const int dx = std::abs(xe - xs), dy = std::abs(ye - ys);
    if (dx == 0 && dy == 0) {
      points.emplace_back(xs, ys);  // 0 / 0 there; no change of column here
      continue;
    }
    const bool flip = dx >= dy ? xs > xe : ys > ye;
    if (flip) {
      std::swap(xs, xe);
      std::swap(ys, ye);
    }
    const double slope = dx >= dy ? static_cast<double>(ye - ys) / dx
                                  : static_cast<double>(xe - xs) / dy;
    const int steps = std::max(dx, dy);
    for (int d = 0; d <= steps; ++d) {
      const int t = flip ? steps - d : d;
      if (dx >= dy) {
        points.emplace_back(t + xs, static_cast<int>(ys + slope * t + .5));
      } else {
        points.emplace_back(static_cast<int>(xs + slope * t + .5), t + ys);
      }
    }
  }
  return points;
}

std::vector<uint32_t> PlainPolygon(const std::vector<double>& xy, int height,
                                   int width) {
  const std::vector<std::pair<int, int>> points = Walk(xy);
  std::vector<uint32_t> at;
  for (size_t j = 1; j < points.size(); ++j) {
    const auto [u, v] = points[j];
    const auto [u0, v0] = points[j - 1];
    if (u == u0) continue;
    const double x = ((u < u0 ? u : u - 1) + .5) / 5 - .5;
    if (std::floor(x) != x || x < 0 || x > width - 1) continue;
    double y = (std::min(v, v0) + .5) / 5 - .5;
    y = std::ceil(std::min(std::max(y, 0.0), static_cast<double>(height)));
    at.push_back(static_cast<uint32_t>(x) * static_cast<uint32_t>(height) +
                 static_cast<uint32_t>(y));
  }
  std::sort(at.begin(), at.end());
  at.push_back(static_cast<uint32_t>(height) * static_cast<uint32_t>(width));
  // Differences; a difference of 0 joins its neighbours.
  std::vector<uint32_t> counts = {at[0]};
  for (size_t j = 1; j < at.size(); ++j) {
    if (at[j] != at[j - 1]) {
      counts.push_back(at[j] - at[j - 1]);
    } else if (++j < at.size()) {
      counts.back() += at[j] - at[j - 1];
    }
  }
  return counts;
}

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

}  // namespace
}  // namespace fcis
