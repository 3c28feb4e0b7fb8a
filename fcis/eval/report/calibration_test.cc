#include "fcis/eval/report/calibration.h"

#include <vector>

#include "fcis/core/config/purpose.h"
#include "gtest/gtest.h"

namespace fcis::eval {
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

TEST(OverconfidenceTest, IsWhatTheScoresWereShiftedBy) {
  // Of a thousand detections at each score, so many are right as it says.
  std::vector<ScoredOutcome> outcomes;
  for (const double score : {.6, .8, .9}) {
    for (int i = 0; i < 1000; ++i) {
      outcomes.push_back({LoweredScore(score, -1.5), i < 1000 * score});
    }
  }
  // The expectation of 0 weighs as much as one detection or so of 3000.
  EXPECT_NEAR(Overconfidence(outcomes), 1.5, .01);
  // Those that are not sure do not count.
  outcomes.insert(outcomes.end(), 5000, {.4, false});
  EXPECT_NEAR(Overconfidence(outcomes), 1.5, .01);
  for (ScoredOutcome& outcome : outcomes) {
    outcome.score = LoweredScore(outcome.score, 1.5);
  }
  EXPECT_NEAR(Overconfidence(outcomes), 0, .01);
}

TEST(OverconfidenceTest, FewDetectionsTellLittle) {
  EXPECT_NEAR(Overconfidence({}), 0, 1e-9);
  const double one = Overconfidence({{.9, true}});
  EXPECT_LT(one, 0);
  EXPECT_GT(one, -.1);
  // Where slope is 0: sigma(-shift) = shift.
  EXPECT_NEAR(Overconfidence({{.5, false}}), .401058, 1e-5);
  EXPECT_LT(std::abs(Overconfidence({{1, true}, {0, false}})), 1e-3);
}

}  // namespace
}  // namespace fcis::eval
