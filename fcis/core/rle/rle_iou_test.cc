#include "fcis/core/rle/rle_iou.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

double Iou(const Rle& detection, const Rle& truth, bool crowd) {
  return MaskIou(detection, RleToBbox(detection), truth, RleToBbox(truth),
                 crowd);
}

TEST(BoxIouTest, OverlapAndTouch) {
  const XywhBox a{0, 0, 4, 4};
  EXPECT_EQ(BoxIou(a, {2, 2, 4, 4}, false), 4.0 / 28);
  EXPECT_EQ(BoxIou(a, {2, 2, 4, 4}, true), 4.0 / 16);
  EXPECT_EQ(BoxIou(a, {4, 0, 4, 4}, false), 0);
  EXPECT_EQ(BoxIou(a, a, false), 1);
  EXPECT_EQ(BoxIou(a, {1, 1, 0, 2}, false), 0);
  EXPECT_EQ(BoxIou({1, 0, 2, 2}, {0, 0, 2, 2}, false), 1.0 / 3);
  EXPECT_EQ(BoxIou({1, 0, 2, 2}, {0, 0, 4, 2}, true), 1);
}

// fmin and fmax drop a NaN, so the box of the other one decides.
TEST(BoxIouTest, NotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(BoxIou({0, 0, nan, 4}, {2, 2, 4, 4}, false)));
}

TEST(MaskIouTest, OverlapAndCrowds) {
  const Rle all{2, 4, {0, 8}}, two{2, 4, {1, 2, 5}};
  const Rle truth{2, 4, {0, 4, 4}}, empty{2, 4, {8}};
  EXPECT_EQ(Iou(all, truth, false), 0.5);
  EXPECT_EQ(Iou(all, truth, true), 0.5);
  EXPECT_EQ(Iou(all, empty, false), 0);
  EXPECT_EQ(Iou(two, truth, false), 0.5);
  EXPECT_EQ(Iou(two, truth, true), 1);
  EXPECT_EQ(Iou(two, empty, false), 0);
}

TEST(MaskIouTest, BoxesOverlapButNotTheMasks) {
  // Two diagonals of a square.
  EXPECT_EQ(Iou({2, 2, {0, 1, 2, 1}}, {2, 2, {1, 2, 1}}, false), 0);
}

TEST(MaskIouTest, OtherSizes) {
  const Rle mask{2, 2, {0, 4}};
  EXPECT_EQ(Iou(mask, {2, 3, {0, 6}}, false), -1);
  EXPECT_EQ(Iou(mask, {2, 3, {6}}, false), 0)
      << "the one without foreground has no box to overlap";
}

TEST(MaskIouTest, RanksMakeNoDifference) {
  // The last two have empty runs, at which pycocotools may stop.
  const std::vector<Rle> masks = {{4, 4, {0, 5, 1, 4, 6}},
                                  {4, 4, {3, 6, 4, 1}},
                                  {4, 4, {2, 3, 0, 3}},
                                  {4, 4, {5, 0, 0, 0, 3, 4}}};
  for (const Rle& truth : masks) {
    RleRanks ranks;
    const bool built = ranks.Build(truth);
    for (const Rle& detection : masks) {
      for (const bool crowd : {false, true}) {
        const XywhBox a = RleToBbox(detection), b = RleToBbox(truth);
        EXPECT_EQ(
            MaskIou(detection, a, truth, b, crowd),
            MaskIou(detection, a, truth, b, crowd, built ? &ranks : nullptr));
      }
    }
  }
}

}  // namespace
}  // namespace fcis
