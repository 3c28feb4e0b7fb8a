#include "fcis/kernels/losses/ohem.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(RoiLossTest, ThreeLossesOfForegroundOneOfBackground) {
  const std::vector<float> scores = {0, 0, 0, 1, 0, 2};
  // In rows of six, the first two of which are something else.
  const std::vector<float> boxes = {7, 7, 9, 9, 9, 9, 7, 7, 0.5f, 0, 0, 3};
  const std::vector<float> box_targets = {0, 0, 0, 0, 0, 0, 0, 1};
  const std::vector<float> pairs = {5, 0, 5, 0, 0, 0, 1, 3};
  const std::vector<int8_t> masks = {-1, -1, -1, 0};
  const std::vector<int32_t> labels = {0, 2};
  RoiOutputs rois;
  rois.classes = 3;
  rois.scores = scores.data();
  rois.boxes = boxes.data();
  rois.box_row = 6;
  rois.box_first = 2;
  rois.cells = 2;
  rois.mask_pairs = pairs.data();
  rois.labels = labels.data();
  rois.box_targets = box_targets.data();
  rois.mask_targets = masks.data();
  rois.class_weight = 2;
  rois.box_weight = 3;
  rois.mask_weight = 10;
  EXPECT_NEAR(RoiLoss(rois, 0), 2 * std::log(3.0), 1e-6);
  const double scored = std::log(std::exp(1.0) + 1 + std::exp(2.0)) - 2;
  const double boxed = 0.5 * 0.25 + 1.5;  // 0.5 d^2 and |d| - 0.5
  const double masked = (std::log(std::exp(1.0) + std::exp(3.0)) - 1) / 2;
  EXPECT_NEAR(RoiLoss(rois, 1), 2 * scored + 3 * boxed + 10 * masked, 1e-5);
}

TEST(IsHarderTest, TheLargerLossAndOfEqualsTheLowerIndex) {
  EXPECT_TRUE(IsHarder(5, 1, 3, 0));
  EXPECT_FALSE(IsHarder(3, 0, 5, 1));
  EXPECT_TRUE(IsHarder(2, 0, 2, 1));
  EXPECT_FALSE(IsHarder(2, 1, 2, 0));
  EXPECT_FALSE(IsHarder(2, 1, 2, 1));
}

TEST(IsHarderTest, NotANumberIsHardest) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(IsHarder(nan, 1, 1e300, 0));
  EXPECT_FALSE(IsHarder(1e300, 0, nan, 1));
  EXPECT_TRUE(IsHarder(nan, 0, nan, 1));
}

}  // namespace
}  // namespace fcis::kernels
