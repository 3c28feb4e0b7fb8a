#include "fcis/train/schedule/schedule.h"

#include "fcis/train/config/recipes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

TEST(ScheduleTest, TheReferencesOnEightGpus) {
  // 117,263 pictures, one on each of eight processes.
  const Schedule s(Recipe("chainer_fcis")->schedule(), 8, 117263);
  EXPECT_DOUBLE_EQ(s.LearningRate(0), 5e-5);
  EXPECT_DOUBLE_EQ(s.LearningRate(3999), 5e-5);
  EXPECT_DOUBLE_EQ(s.LearningRate(4000), 5e-4);
  EXPECT_DOUBLE_EQ(s.LearningRate(175893), 5e-4);
  EXPECT_DOUBLE_EQ(s.LearningRate(175894), 5e-5);  // 12 epochs
  EXPECT_EQ(s.iterations(), 263841);
  EXPECT_THAT(s.Describe(), HasSubstr("whatever the number of processes"));
}

TEST(ScheduleTest, RatesPerPictureGrowWithTheJob) {
  const ScheduleConfig config = Recipe("chainercv")->schedule();
  EXPECT_DOUBLE_EQ(Schedule(config, 1, 1000).LearningRate(2000), 5e-4);
  EXPECT_DOUBLE_EQ(Schedule(config, 8, 100000).LearningRate(2000), 4e-3);
  // chainercv: a tenth while iteration * processes < 2000.
  EXPECT_DOUBLE_EQ(Schedule(config, 3, 100000).LearningRate(666), 1.5e-4);
  EXPECT_DOUBLE_EQ(Schedule(config, 3, 100000).LearningRate(667), 1.5e-3);
  EXPECT_THAT(Schedule(config, 8, 1000).Describe(), HasSubstr("times 8"));
}

TEST(ScheduleTest, CosineAndWarmUp) {
  ScheduleConfig config;
  config.set_cosine(true);
  config.set_warmup_iterations(10);
  auto* phase = config.add_phases();
  phase->set_end_iteration(100);
  phase->set_lr(1);
  const Schedule s(config, 4, 1000);
  EXPECT_DOUBLE_EQ(s.LearningRate(0), 0.1);
  EXPECT_NEAR(s.LearningRate(50), 0.5, 1e-12);
  EXPECT_GT(s.LearningRate(99), 0);
  EXPECT_LT(s.LearningRate(99), 1e-3);
  EXPECT_EQ(s.LearningRate(1000), s.LearningRate(99));
}

TEST(ScheduleTest, StretchedSchedulesKeepTheirShape) {
  ScheduleConfig config = Recipe("chainer_fcis")->schedule();
  config.set_stretch(0.25);
  const Schedule s(config, 8, 117263);
  EXPECT_DOUBLE_EQ(s.LearningRate(999), 5e-5);
  EXPECT_DOUBLE_EQ(s.LearningRate(1000), 5e-4);
  EXPECT_EQ(s.iterations(), 263841 / 4);
}

TEST(ScheduleTest, APhaseThatIsOverBeforeItBeginsIsSkipped) {
  ScheduleConfig config;
  for (const double lr : {1.0, 2.0, 3.0}) config.add_phases()->set_lr(lr);
  config.mutable_phases(0)->set_end_iteration(50);
  config.mutable_phases(1)->set_end_epoch(1);
  config.mutable_phases(2)->set_end_epoch(10);
  const Schedule s(config, 1, 20);
  EXPECT_EQ(s.LearningRate(49), 1);
  EXPECT_EQ(s.LearningRate(50), 3);
  EXPECT_EQ(s.iterations(), 200);
}

}  // namespace
}  // namespace fcis::train
