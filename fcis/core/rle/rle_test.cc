#include "fcis/core/rle/rle.h"

#include <algorithm>
#include <limits>

#include "fcis/core/base/counter_rng.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Rle Make(int height, int width, std::vector<uint32_t> counts) {
  absl::StatusOr<Rle> rle = MakeRle(height, width, std::move(counts));
  EXPECT_TRUE(rle.ok()) << rle.status();
  return *std::move(rle);
}

TEST(CheckMaskSizeTest, Limits) {
  EXPECT_TRUE(CheckMaskSize(0, 0).ok());
  EXPECT_TRUE(CheckMaskSize(0, 2147483647).ok());
  EXPECT_TRUE(CheckMaskSize(65535, 65537).ok());
  EXPECT_FALSE(CheckMaskSize(65536, 65536).ok());
  EXPECT_FALSE(CheckMaskSize(-1, 0).ok());
  EXPECT_FALSE(CheckMaskSize(0, int64_t{1} << 31).ok());
  EXPECT_FALSE(CheckMaskSize(std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::max())
                   .ok());
}

TEST(MakeRleTest, RefusesRunsBeyondTheMask) {
  EXPECT_TRUE(MakeRle(2, 3, {1, 5}).ok());
  EXPECT_TRUE(MakeRle(2, 3, {1, 4}).ok()) << "the rest is background";
  EXPECT_TRUE(MakeRle(0, 3, {}).ok());
  EXPECT_THAT(MakeRle(2, 3, {1, 5, 1, 9}).status().message(),
              HasSubstr("runs 0 to 2 cover 7 pixels, expected at most 2 x 3"));
  // The sum of these is 6 modulo 2^32.
  EXPECT_FALSE(MakeRle(2, 3, {4294967295u, 7}).ok());
  EXPECT_FALSE(MakeRle(70000, 70000, {}).ok());
}

TEST(RleAreaTest, AddsTheForeground) {
  EXPECT_EQ(RleArea(Make(3, 4, {})), 0u);
  EXPECT_EQ(RleArea(Make(3, 4, {12})), 0u);
  EXPECT_EQ(RleArea(Make(3, 4, {0, 12})), 12u);
  EXPECT_EQ(RleArea(Make(3, 4, {1, 2, 3, 4, 2})), 6u);
  EXPECT_EQ(RleArea(Make(65535, 65537, {0, 4294967295u})), 4294967295u);
}

TEST(SumRunsTest, AreaEndAndEmptyRuns) {
  const auto sums = [](const std::vector<uint32_t>& counts) {
    const RunSums s = SumRuns(counts);
    return std::vector<uint32_t>{s.area, s.end, s.has_empty ? 1u : 0u};
  };
  EXPECT_THAT(sums({}), ElementsAre(0, 0, 0));
  EXPECT_THAT(sums({9}), ElementsAre(0, 0, 0));
  EXPECT_THAT(sums({0}), ElementsAre(0, 0, 0));
  EXPECT_THAT(sums({0, 4}), ElementsAre(4, 4, 0));
  EXPECT_THAT(sums({2, 4, 3}), ElementsAre(4, 6, 0));
  EXPECT_THAT(sums({2, 0}), ElementsAre(0, 2, 1));
  EXPECT_THAT(sums({2, 4, 0}), ElementsAre(4, 6, 1));
  EXPECT_THAT(sums({0, 4, 0, 1}), ElementsAre(5, 5, 1));
}

TEST(RleToBboxTest, WithinAColumnAndAcross) {
  EXPECT_EQ(RleToBbox(Make(5, 4, {6, 2, 12})), (XywhBox{1, 1, 1, 2}));
  EXPECT_EQ(RleToBbox(Make(5, 4, {6, 2, 9, 1, 2})), (XywhBox{1, 1, 3, 2}));
  // A run that ends at the foot of a column stays in it; one more pixel makes
  // both columns whole.
  EXPECT_EQ(RleToBbox(Make(5, 4, {6, 4, 10})), (XywhBox{1, 1, 1, 4}));
  EXPECT_EQ(RleToBbox(Make(5, 4, {6, 5, 9})), (XywhBox{1, 0, 2, 5}));
  EXPECT_EQ(RleToBbox(Make(5, 4, {0, 20})), (XywhBox{0, 0, 4, 5}));
  EXPECT_EQ(RleToBbox(Make(1, 9, {3, 2, 4})), (XywhBox{3, 0, 2, 1}));
  EXPECT_EQ(RleToBbox(Make(65535, 65537, {4294967294u, 1})),
            (XywhBox{65536, 65534, 1, 1}));
}

// Run by run, as pycocotools does it.
TEST(RleToBboxTest, ManyRuns) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    const uint32_t height = 1 + RngBits(seed, 0) % (seed % 2 ? 9 : 70000);
    const uint32_t most = 1 + RngBits(seed, 1) % (2 * height);
    std::vector<uint32_t> counts;
    uint32_t x_min = ~0u, x_max = 0, y_min = ~0u, y_max = 0, at = 0;
    for (uint64_t i = 0; i < 2 + seed % 300; ++i) {
      counts.push_back(RngBits(seed, i + 2) % most);
      at += counts.back();
      if (i % 2 == 0 || counts.back() == 0) continue;
      const uint32_t first = at - counts.back(), last = at - 1;
      const bool across = first / height != last / height;
      x_min = std::min(x_min, first / height);
      x_max = std::max(x_max, last / height);
      y_min = std::min(y_min, across ? 0 : first % height);
      y_max = std::max(y_max, across ? height - 1 : last % height);
    }
    if (x_min == ~0u) continue;
    const Rle rle = Make(static_cast<int>(height),
                         static_cast<int>(at / height + 1), counts);
    EXPECT_EQ(RleToBbox(rle),
              (XywhBox{1. * x_min, 1. * y_min, x_max - x_min + 1.,
                       y_max - y_min + 1.}));
  }
}

TEST(RleToBboxTest, WithoutForeground) {
  EXPECT_EQ(RleToBbox(Make(5, 4, {})), XywhBox());
  EXPECT_EQ(RleToBbox(Make(5, 4, {20})), XywhBox());
  EXPECT_EQ(RleToBbox(Make(0, 0, {0})), XywhBox());
  // An even number of runs ends with foreground, here empty.
  EXPECT_EQ(RleToBbox(Make(1308, 1174, {1535592, 0})),
            (XywhBox{1174, 1308, 4294966123.0, 4294965989.0}));
  EXPECT_EQ(RleToBbox(Make(0, 3, {0, 0})), (XywhBox{3, 0, 4294967294.0, 1}));
}

TEST(MergeRlesTest, UnionAndIntersection) {
  const std::vector<Rle> rles = {Make(2, 4, {1, 4, 3}), Make(2, 4, {3, 4, 1})};
  EXPECT_THAT(MergeRles(rles, MergeMode::kUnion).counts, ElementsAre(1, 6, 1));
  EXPECT_THAT(MergeRles(rles, MergeMode::kIntersection).counts,
              ElementsAre(3, 2, 3));
}

TEST(MergeRlesTest, FewMasksAndOtherSizes) {
  EXPECT_EQ(MergeRles({}, MergeMode::kUnion), Rle());
  const Rle odd = Make(2, 4, {1, 0, 2, 0});
  EXPECT_EQ(MergeRles({odd}, MergeMode::kUnion), odd);
  EXPECT_EQ(MergeRles({odd, Make(4, 2, {8})}, MergeMode::kUnion), Rle());
}

TEST(MergeRlesTest, MissingRunsAreBackground) {
  const std::vector<Rle> rles = {Make(2, 4, {1, 1}), Make(2, 4, {}),
                                 Make(2, 4, {4, 2, 1})};
  EXPECT_THAT(MergeRles(rles, MergeMode::kUnion).counts,
              ElementsAre(1, 1, 2, 2, 1));
  EXPECT_THAT(MergeRles(rles, MergeMode::kIntersection).counts, ElementsAre(7));
}

TEST(MergeRlesTest, MaskOfAllPixelsThatAnIntCounts) {
  const Rle full = Make(65535, 65537, {0, 4294967295u});
  const Rle half = Make(65535, 65537, {5, 4294967290u});
  EXPECT_EQ(MergeRles({full, half}, MergeMode::kIntersection), half);
  EXPECT_THAT(MergeRles({half, full}, MergeMode::kUnion).counts,
              ElementsAre(0, 4294967295u));
}

}  // namespace
}  // namespace fcis
