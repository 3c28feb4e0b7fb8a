#include "fcis/core/rle/rle_ranks.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

uint32_t CommonByMerging(const Rle& a, const Rle& b) {
  return RleArea(MergeRles({a, b}, MergeMode::kIntersection));
}

// Of all kinds of runs, short and longer than a word of 64 pixels.
Rle RandomMask(std::mt19937_64& random, int height, int width) {
  Rle rle{height, width, {}};
  uint32_t left = static_cast<uint32_t>(height * width);
  while (left > 0 && random() % 50 != 0) {
    const uint32_t most = std::min<uint32_t>(left, 1u << random() % 9);
    rle.counts.push_back(1 + static_cast<uint32_t>(random() % most));
    if (rle.counts.size() == 1) rle.counts[0] -= random() % 2;
    left -= rle.counts.back();
  }
  return rle;
}

TEST(RleRanksTest, EqualsMerging) {
  std::mt19937_64 random(3);
  RleRanks ranks;
  for (int i = 0; i < 3000; ++i) {
    const int height = 1 + static_cast<int>(random() % 70), width = 60;
    const Rle a = RandomMask(random, height, width);
    const Rle b = RandomMask(random, height, width);
    ASSERT_TRUE(ranks.Build(a));
    ASSERT_EQ(ranks.CountCommon(b), CommonByMerging(a, b)) << i;
    ASSERT_EQ(ranks.CountCommon(a), RleArea(a)) << i;
  }
}

TEST(RleRanksTest, WithoutForeground) {
  const Rle full{3, 3, {0, 9}};
  RleRanks ranks;
  for (const std::vector<uint32_t>& counts :
       {std::vector<uint32_t>{}, {0}, {9}, {4}}) {
    const Rle empty{3, 3, counts};
    ASSERT_TRUE(ranks.Build(empty));
    EXPECT_EQ(ranks.CountCommon(full), 0);
    ASSERT_TRUE(ranks.Build(full));
    EXPECT_EQ(ranks.CountCommon(empty), 0);
  }
}

TEST(RleRanksTest, RefusesEmptyRuns) {
  EXPECT_FALSE(RleRanks().Build({3, 3, {4, 0, 5}}));
  EXPECT_FALSE(RleRanks().Build({3, 3, {1, 2, 6, 0}}));
  EXPECT_TRUE(RleRanks().Build({3, 3, {0, 4, 5}}));
}

// No bitmap of half a gigabyte for a few bytes of a file.
TEST(RleRanksTest, RefusesFewRunsThatReachFar) {
  RleRanks ranks;
  EXPECT_FALSE(ranks.Build({65535, 65537, {1, 2, 4294967000u, 3}}));
  EXPECT_TRUE(ranks.Build({65535, 65537, {4294967000u, 3}}));
}

}  // namespace
}  // namespace fcis
