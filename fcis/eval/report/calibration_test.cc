#include "fcis/eval/report/calibration.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(CalibrationTest, Bins) {
  const Calibration calibration = Calibrate(
      {{.1, false}, {.3, true}, {.9, true}, {1, true}, {7, false}}, 2);
  ASSERT_EQ(calibration.bins.size(), 2u);
  EXPECT_EQ(calibration.bins[0].detections, 2);
  EXPECT_DOUBLE_EQ(calibration.bins[0].mean_score, .2);
  EXPECT_DOUBLE_EQ(calibration.bins[0].precision, .5);
  EXPECT_EQ(calibration.bins[1].detections, 3);
  EXPECT_NEAR(calibration.error, (.6 + 6.9) / 5, 1e-12);
  EXPECT_EQ(Calibrate({}, 3).error, 0);
}

TEST(CalibrationTest, OperatingPoint) {
  // Equal scores are kept or dropped together.
  const OperatingPoint point = BestOperatingPoint(
      {{.2, false}, {.9, true}, {.5, true}, {.5, false}, {.1, false}}, 2);
  EXPECT_EQ(point.score, .5);
  EXPECT_DOUBLE_EQ(point.precision, 2. / 3);
  EXPECT_DOUBLE_EQ(point.recall, 1);
  EXPECT_DOUBLE_EQ(point.f1, .8);
  EXPECT_EQ(BestOperatingPoint({{.9, false}}, 1).score, .5);
}

}  // namespace
}  // namespace fcis
