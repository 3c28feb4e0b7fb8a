#include "fcis/eval/report/explanation.h"

#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

TEST(ConfusionTest, CountsEachObjectAndDetectionOnce) {
  OverlapTable table;
  table.num_pictures = 1;
  table.num_classes = 2;
  table.objects = {{0, 0, false}, {0, 1, false}, {0, 1, true}};
  table.overlaps = {{0, .9}, {1, .6}, {1, .7}, {2, .8}};
  table.detections = {{0, 1, .9, 0, 2},   // on object 0, of the other class
                      {0, 1, .8, 2, 1},   // on object 1
                      {0, 1, .7, 3, 1},   // in the crowd
                      {0, 0, .6, 3, 1},   // in a crowd of the other class
                      {0, 0, .1, 0, 1}};  // below the cut
  const ConfusionMatrix matrix = Confuse(table, .5);
  EXPECT_EQ(matrix.At(0, 1), 1);
  EXPECT_EQ(matrix.At(1, 1), 1);
  EXPECT_EQ(matrix.At(2, 0), 1);
  EXPECT_EQ(matrix.At(2, 1), 0);
  EXPECT_EQ(matrix.At(0, 0), 0);
  const ConfusionMatrix none = Confuse(table, 2);
  EXPECT_EQ(none.At(0, 2), 1);
  EXPECT_EQ(none.At(1, 2), 1);
}

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
