#include "fcis/eval/report/picture_scores.h"

#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

TEST(PictureScoresTest, RanksByPanopticQuality) {
  OverlapTable table;
  table.num_pictures = 3;  // the second is empty
  table.num_classes = 1;
  table.objects = {{0, 0, false}, {0, 0, false}, {2, 0, false}};
  table.overlaps = {{0, .8}, {2, .6}};
  table.detections = {
      {0, 0, .9, 0, 1}, {0, 0, .8, 0, 0}, {0, 0, .1, 0, 0}, {2, 0, .7, 1, 1}};
  const auto ranked = RankPictures(table, BreakDownErrors(table), .5);
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_EQ(ranked[0].picture, 2);
  EXPECT_DOUBLE_EQ(ranked[0].quality, .6);
  EXPECT_EQ(ranked[1].picture, 0);
  EXPECT_EQ(ranked[1].found, 1);
  EXPECT_EQ(ranked[1].missed, 1);
  EXPECT_EQ(ranked[1].wrong, 1);
  EXPECT_DOUBLE_EQ(ranked[1].quality, .4);
}

}  // namespace
}  // namespace fcis::eval
