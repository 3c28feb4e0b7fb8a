#include "fcis/core/rle/rle_iou.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BoxIouTest, OverlapAndTouch) {
  const XywhBox a{0, 0, 4, 4};
  EXPECT_EQ(BoxIou(a, {2, 2, 4, 4}, false), 4.0 / 28);
  EXPECT_EQ(BoxIou(a, {2, 2, 4, 4}, true), 4.0 / 16);
  EXPECT_EQ(BoxIou(a, {4, 0, 4, 4}, false), 0);
  EXPECT_EQ(BoxIou(a, a, false), 1);
  EXPECT_EQ(BoxIou(a, {1, 1, 0, 2}, false), 0);
}

// fmin and fmax drop a NaN, so the box of the other one decides.
TEST(BoxIouTest, NotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(BoxIou({0, 0, nan, 4}, {2, 2, 4, 4}, false)));
}

TEST(MaskIouTest, Matrix) {
  const std::vector<Rle> detections = {{2, 4, {0, 8}}, {2, 4, {1, 2, 5}}};
  const std::vector<Rle> truths = {
      {2, 4, {0, 4, 4}}, {2, 4, {0, 4, 4}}, {2, 4, {8}}};
  EXPECT_THAT(MaskIous(detections, truths, {0, 1, 0}),
              ElementsAre(0.5, 0.5, 0, 0.5, 1, 0));
}

TEST(MaskIouTest, BoxesOverlapButNotTheMasks) {
  // Two diagonals of a square.
  EXPECT_THAT(MaskIous({{2, 2, {0, 1, 2, 1}}}, {{2, 2, {1, 2, 1}}}, {0}),
              ElementsAre(0));
}

TEST(MaskIouTest, OtherSizes) {
  const Rle mask{2, 2, {0, 4}};
  EXPECT_THAT(MaskIous({mask}, {{2, 3, {0, 6}}, {2, 3, {6}}}, {0, 0}),
              ElementsAre(-1, 0))
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

TEST(MaskIouTest, NothingToCompare) {
  EXPECT_THAT(MaskIous({}, {{2, 2, {4}}}, {0}), IsEmpty());
  EXPECT_THAT(BoxIous({{0, 0, 1, 1}}, {}, {}), IsEmpty());
}

TEST(BoxIouTest, Matrix) {
  EXPECT_THAT(BoxIous({{0, 0, 2, 2}, {1, 0, 2, 2}},
                      {{0, 0, 2, 2}, {0, 0, 4, 2}}, {0, 1}),
              ElementsAre(1, 1, 1.0 / 3, 1));
}

}  // namespace
}  // namespace fcis
