#include "fcis/data/synth/scene.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "fcis/data/synth/shape.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

constexpr int kHeight = 256, kWidth = 320;
constexpr uint64_t kSeed = 1;

struct Shares {
  std::vector<double> sides;  // sqrt of visible areas, ascending
  double objects = 0, troubled = 0;
  std::vector<int> per_scene = std::vector<int>(10, 0);
  std::vector<int> labels = std::vector<int>(kNumShapes, 0);
};

Shares Measure(int height, int width, int scenes) {
  Shares shares;
  for (int i = 0; i < scenes; ++i) {
    const Scene scene =
        PaintScene(height, width, kSeed, static_cast<uint64_t>(i));
    ++shares.per_scene[scene.objects.size()];
    for (const SceneObject& object : scene.objects) {
      const double area = RleArea(object.mask);
      shares.sides.push_back(std::sqrt(area));
      ++shares.objects;
      shares.troubled += area < .97 * object.full_area;
      ++shares.labels[static_cast<size_t>(object.label)];
    }
  }
  std::sort(shares.sides.begin(), shares.sides.end());
  return shares;
}

double Percentile(const Shares& shares, double percent) {
  return shares.sides[static_cast<size_t>(
      percent / 100 * static_cast<double>(shares.sides.size() - 1))];
}

// What the header states; 300 scenes hold some 1200 objects, whose percentiles
// waver by about 3 % and whose shares by about .012.
TEST(SceneTest, HasTheStatedShares) {
  const Shares shares = Measure(kHeight, kWidth, 300);
  EXPECT_NEAR(Percentile(shares, 5), 45, .1 * 45);
  EXPECT_NEAR(Percentile(shares, 50), 73, .08 * 73);
  EXPECT_NEAR(Percentile(shares, 95), 128, .1 * 128);
  EXPECT_NEAR(shares.troubled / shares.objects, .4, .06);
  for (size_t n = 0; n < shares.per_scene.size(); ++n) {
    EXPECT_EQ(shares.per_scene[n] > 0, n >= 2 && n <= 6) << n;
  }
  for (const int count : shares.labels) {
    EXPECT_NEAR(count / shares.objects, 1.0 / kNumShapes, .05);
  }
}

TEST(SceneTest, DependsOnSeedAndNumberAlone) {
  const Scene a = PaintScene(kHeight, kWidth, 3, 4);
  const Scene same = PaintScene(kHeight, kWidth, 3, 4);
  EXPECT_TRUE(a.image.pixels == same.image.pixels);
  EXPECT_TRUE(a.objects[0].mask == same.objects[0].mask);
  EXPECT_FALSE(a.image.pixels ==
               PaintScene(kHeight, kWidth, 3, 5).image.pixels);
  EXPECT_FALSE(a.image.pixels ==
               PaintScene(kHeight, kWidth, 4, 4).image.pixels);
}

TEST(SceneTest, MasksDoNotOverlap) {
  const Scene scene = PaintScene(kHeight, kWidth, 1, 1);
  std::vector<Rle> masks;
  uint32_t area = 0;
  for (const SceneObject& object : scene.objects) {
    masks.push_back(object.mask);
    area += RleArea(object.mask);
    EXPECT_GT(RleArea(object.mask), 0u);
  }
  EXPECT_EQ(RleArea(MergeRles(masks, MergeMode::kUnion)), area);
}

TEST(SceneTest, GrowsWithTheWidth) {
  const Shares small = Measure(kHeight / 2, kWidth / 2, 60);
  const Shares large = Measure(kHeight, kWidth, 60);
  // Some 240 objects each: medians waver by about 5 %.
  EXPECT_NEAR(Percentile(large, 50) / Percentile(small, 50), 2, .25);
}

}  // namespace
}  // namespace fcis::data
