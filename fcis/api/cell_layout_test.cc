#include "fcis/api/cell_layout.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::api {
namespace {

using ::testing::ElementsAre;

TEST(CellLayoutTest, GroupsInTheRecordsOrder) {
  const CellLayout layout = GroupByCell({2, 0, 2, 2, 0}, 4);
  EXPECT_THAT(layout.first, ElementsAre(0, 2, 2, 5, 5));
  EXPECT_THAT(layout.order, ElementsAre(1, 4, 0, 2, 3));
  EXPECT_EQ(layout.Size(1), 0);
  EXPECT_EQ(layout.Size(2), 3);
}

TEST(CellLayoutTest, SortsByFallingScoreAndCuts) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CellLayout layout = GroupByCell({0, 0, 0, 0, 1, 1}, 2);
  SortByScore({.5, nan, .7, .5, .1, .2}, 3, &layout);
  EXPECT_THAT(layout.first, ElementsAre(0, 3, 5));
  EXPECT_THAT(layout.order, ElementsAre(2, 0, 3, 5, 4));
  SortByScore({.5, nan, .7, .5, .1, .2}, 0, &layout);
  EXPECT_THAT(layout.first, ElementsAre(0, 0, 0));
}

TEST(CellLayoutTest, Empty) {
  CellLayout layout = GroupByCell({}, 0);
  SortByScore({}, 100, &layout);
  EXPECT_THAT(layout.first, ElementsAre(0));
  EXPECT_EQ(layout.size(), 0);
}

}  // namespace
}  // namespace fcis::api
