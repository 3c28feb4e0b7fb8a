#include "fcis/train/trainer/timetable.h"

#include <filesystem>

#include "fcis/core/io/file.h"
#include "fcis/train/config/recipes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<ValidationScore> NoScore(const model::Weights&, int64_t,
                                        const std::string&) {
  return ValidationScore();
}

// 12 pictures an iteration, 8 iterations and some pictures an epoch.
class TimetableTest : public ::testing::Test {
 protected:
  TimetableTest() {
    options_.config.set_batch(2);
    options_.config.set_accumulate(3);
    auto* phase = options_.config.mutable_schedule()->add_phases();
    phase->set_end_epoch(3);
    phase->set_lr(.5);
  }
  Timetable Made() const { return Timetable(options_, 100, 2); }

  TrainerOptions options_;
};

TEST_F(TimetableTest, CountsInPictures) {
  const Timetable times = Made();
  EXPECT_EQ(times.pictures(), 12);
  EXPECT_EQ(times.epoch_pictures(), 100);
  EXPECT_EQ(times.iterations(), 25);
  EXPECT_DOUBLE_EQ(times.EpochsAt(25), 3);
  EXPECT_DOUBLE_EQ(times.schedule().LearningRate(3), .5);
  options_.stretch = .5;
  EXPECT_EQ(Made().iterations(), 12);
  options_.max_iterations = 7;
  EXPECT_EQ(Made().iterations(), 7);
}

TEST_F(TimetableTest, SavesOncePerEpochAndAtTheEnd) {
  options_.max_iterations = 18;
  for (int64_t done = 1; done <= 18; ++done) {
    EXPECT_EQ(Made().SaveIsDue(done), done % 8 == 0 || done == 18) << done;
  }
  options_.checkpoint_every = 5;
  EXPECT_FALSE(Made().SaveIsDue(8));
  EXPECT_TRUE(Made().SaveIsDue(10));
}

TEST_F(TimetableTest, ValidatesByItsOwnInterval) {
  EXPECT_FALSE(Made().ValidationIsDue(25));
  EXPECT_EQ(Made().validations(), 0);
  options_.validate = NoScore;
  options_.validate_every = 1.3;
  EXPECT_FALSE(Made().ValidationIsDue(0));
  for (int64_t done = 1; done <= 25; ++done) {
    EXPECT_EQ(Made().ValidationIsDue(done), done % 10 == 0 || done == 25)
        << done;
  }
  EXPECT_EQ(Made().validations(), 3);
  // More often than there are iterations: after each of them.
  options_.validate_every = .001;
  EXPECT_EQ(Made().validations(), 25);
}

// A data set that is smaller than an iteration.
TEST_F(TimetableTest, AnEpochHasAtLeastAnIteration) {
  options_.validate = NoScore;
  const Timetable times(options_, 5, 2);
  EXPECT_TRUE(times.SaveIsDue(1));
  EXPECT_TRUE(times.ValidationIsDue(1));
}

class PatienceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = ::testing::TempDir() + "/patience";
    std::filesystem::remove_all(run_);
    std::filesystem::create_directories(run_);
    schedule_.set_patience(2);
    schedule_.set_warmup_iterations(20);
  }
  void Best(const std::string& text) const {
    ASSERT_TRUE(WriteFileAtomic(run_ + "/best.json", text).ok());
  }
  bool Spent() const { return *PatienceIsSpent(run_, schedule_); }
  int64_t Exported() const {
    const auto best = *BestToExport(run_, schedule_);
    return best.has_value() ? best->iteration : -1;
  }

  std::string run_;
  ScheduleConfig schedule_;
};

TEST_F(PatienceTest, CountsValidationsInARow) {
  EXPECT_FALSE(Spent());  // None was made yet.
  EXPECT_EQ(Exported(), -1);
  Best(R"({"iteration": 30, "ap": 0.2})");
  EXPECT_FALSE(Spent());
  EXPECT_EQ(Exported(), 30);
  Best(R"({"iteration": 30, "ap": 0.2, "without_improvement": [40]})");
  EXPECT_FALSE(Spent());
  Best(R"({"iteration": 30, "ap": 0.2, "without_improvement": [40, 50]})");
  EXPECT_TRUE(Spent());
  EXPECT_EQ(Exported(), 30);
  schedule_.set_patience(3);
  EXPECT_FALSE(Spent());
  schedule_.set_patience(0);
  EXPECT_FALSE(Spent());
  EXPECT_EQ(Exported(), -1);
}

TEST_F(PatienceTest, NotThoseOfTheWarmUp) {
  Best(R"({"iteration": 5, "ap": 0.2, "without_improvement": [10, 20, 30]})");
  EXPECT_FALSE(Spent());
  Best(R"({"iteration": 5, "ap": 0.2, "without_improvement": [20, 30, 40]})");
  EXPECT_TRUE(Spent());
}

TEST_F(PatienceTest, NotBeforeSomethingIsLearned) {
  Best(R"({"iteration": 30, "ap": 0.04, "without_improvement": [40, 50, 60]})");
  EXPECT_FALSE(Spent());
  EXPECT_EQ(Exported(), 30);
  Best(R"({"iteration": 30, "ap": 0.05, "without_improvement": [40, 50, 60]})");
  EXPECT_TRUE(Spent());
}

// Nor is a model that finds nothing better than a later one.
TEST_F(PatienceTest, NotBeforeSomethingIsFound) {
  for (const char* ap : {"0", "-1"}) {
    Best(std::string(R"({"iteration": 30, "ap": )") + ap +
         R"(, "without_improvement": [40, 50, 60]})");
    EXPECT_FALSE(Spent());
    EXPECT_EQ(Exported(), -1);
  }
}

TEST_F(PatienceTest, ADamagedRecordIsAnError) {
  Best(R"({"iteration": 30, "ap": 0.2, "without_improvement": ["x"]})");
  EXPECT_FALSE(PatienceIsSpent(run_, schedule_).ok());
  EXPECT_FALSE(BestToExport(run_, schedule_).ok());
}

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
