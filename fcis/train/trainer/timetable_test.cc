#include "fcis/train/trainer/timetable.h"

#include "gtest/gtest.h"

namespace fcis::train {
namespace {

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

}  // namespace
}  // namespace fcis::train
