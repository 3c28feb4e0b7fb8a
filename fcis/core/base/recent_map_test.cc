#include "fcis/core/base/recent_map.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(RecentMapTest, ForgetsWhatWasAskedForTheLongestTimeAgo) {
  RecentMap<std::string, int> map(2);
  EXPECT_EQ(map["a"], 0);
  map["a"] = 1;
  map["b"] = 2;
  EXPECT_EQ(map["a"], 1);
  map["c"] = 3;
  EXPECT_EQ(map.size(), 2);
  EXPECT_EQ(map["a"], 1);
  EXPECT_EQ(map["b"], 0) << "forgotten for c";
  EXPECT_EQ(map["c"], 0) << "forgotten for b";
}

TEST(RecentMapTest, HoldsOne) {
  RecentMap<int, int> map(1);
  for (int i = 1; i < 100; ++i) {
    EXPECT_EQ(map[i], 0);
    map[i] = i;
    EXPECT_EQ(map[i], i);
    EXPECT_EQ(map.size(), 1);
  }
}

TEST(RecentMapTest, LetsGoOfWhatItForgets) {
  RecentMap<int, std::shared_ptr<int>> map(3);
  const auto kept = std::make_shared<int>(7);
  map[0] = kept;
  for (int i = 1; i < 3; ++i) map[i] = nullptr;
  EXPECT_EQ(kept.use_count(), 2);
  map[3] = nullptr;
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace fcis
