#include "fcis/train/main/run_length.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Trial Hour() {
  Trial trial;
  trial.iteration_s = .5;
  trial.iterations = 7000;
  trial.validations = 10;
  trial.validation_s = 10;
  trial.bytes = int64_t{3} << 29;
  return trial;
}

TEST(RunLengthTest, FitsTheMinutes) {
  EXPECT_DOUBLE_EQ(SecondsOf(Hour()), 3600);
  EXPECT_DOUBLE_EQ(StretchToFit(Hour(), 15), .25);
  // Never longer than the recipe.
  EXPECT_DOUBLE_EQ(StretchToFit(Hour(), 61), 1);
  EXPECT_DOUBLE_EQ(StretchToFit(Hour(), 0), 1);
}

TEST(RunLengthTest, ASmallerInputMakesMoreEpochs) {
  InputConfig input;
  input.set_min_size(480);
  input.set_max_size(640);
  EXPECT_DOUBLE_EQ(InputScaleFor(15, 15, input), 1);
  EXPECT_DOUBLE_EQ(InputScaleFor(2, 0, input), 1);
  EXPECT_DOUBLE_EQ(InputScaleFor(.81 * 15, 15, input), .9);
  EXPECT_DOUBLE_EQ(InputScaleFor(1, 15, input), 2. / 3);
}

// A step of the stride nearest to it is the input itself, or a larger one.
TEST(RunLengthTest, AnInputThatWouldNotGetSmallerStays) {
  InputConfig input;
  input.set_max_size(640);
  for (const int side : {480, 474, 16}) {
    input.set_min_size(side);
    EXPECT_DOUBLE_EQ(InputScaleFor(.995 * 15, 15, input), 1) << side;
  }
}

TEST(RunLengthTest, InputsAreScaledInStepsOfTheStride) {
  InputConfig input;
  input.set_min_size(470);
  input.set_max_size(640);
  ScaleInput(1, &input);
  EXPECT_EQ(input.min_size(), 470);
  ScaleInput(.9, &input);
  EXPECT_EQ(input.min_size(), 416);
  EXPECT_EQ(input.max_size(), 576);
  ScaleInput(.001, &input);
  EXPECT_EQ(input.min_size(), 16);
}

TEST(RunLengthTest, SaysTimeAndMemory) {
  const absl::Time now = absl::FromCivil(absl::CivilSecond(2026, 1, 2, 20, 0),
                                         absl::LocalTimeZone());
  const std::string whole = DescribeLength(Hour(), 1, 1, now);
  EXPECT_THAT(whole, HasSubstr(", to 21:00 (0.5 s an iteration); memory: "
                               "1.5 GiB"));
  EXPECT_THAT(whole, Not(HasSubstr("processes")));
  const std::string half = DescribeLength(Hour(), .5, 2, now);
  EXPECT_THAT(half, HasSubstr(", to 20:30 "));
  EXPECT_THAT(half, HasSubstr("shortened to 0.5 of the recipe's iterations"));
  EXPECT_THAT(half, HasSubstr("1.5 GiB in 2 processes"));
  EXPECT_THAT(DescribeLength(Hour(), 24, 1, now),
              HasSubstr("2026-01-03 20:00"));
}

}  // namespace
}  // namespace fcis::train
