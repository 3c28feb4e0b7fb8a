#include "fcis/train/optimizer/loss_scale.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

LossScale Make(float initial, int64_t interval) {
  OptimizerConfig::LossScale config;
  config.set_initial(initial);
  config.set_growth_interval(interval);
  return LossScale(config);
}

TEST(LossScaleTest, WithoutAConfigAlwaysOne) {
  LossScale scale;
  EXPECT_FALSE(scale.dynamic());
  for (const bool finite : {true, false, true}) {
    EXPECT_TRUE(scale.Update(finite).ok());
    EXPECT_EQ(scale.value(), 1);
  }
}

TEST(LossScaleTest, HalvesAndDoubles) {
  LossScale scale = Make(8, 3);
  EXPECT_TRUE(scale.dynamic());
  const auto after = [&scale](bool finite) {
    EXPECT_TRUE(scale.Update(finite).ok());
    return scale.value();
  };
  EXPECT_EQ(after(false), 4);
  EXPECT_EQ(after(true), 4);
  EXPECT_EQ(after(true), 4);
  EXPECT_EQ(after(false), 2);  // and the count of good steps begins again
  EXPECT_EQ(after(true), 2);
  EXPECT_EQ(after(true), 2);
  EXPECT_EQ(after(true), 4);
  EXPECT_EQ(after(true), 4);
}

TEST(LossScaleTest, StaysBelowItsLimit) {
  LossScale scale = Make(1, 1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(scale.Update(true).ok());
  EXPECT_EQ(scale.value(), 1 << 24);
}

TEST(LossScaleTest, GivesUpWhenNothingHelps) {
  LossScale scale = Make(4, 10);
  int left_out = 0;
  absl::Status status;
  while ((status = scale.Update(false)).ok()) ASSERT_LT(++left_out, 100);
  EXPECT_EQ(left_out, 26);  // from 2^2 down to 2^-24
  EXPECT_THAT(std::string(status.message()), HasSubstr("not finite"));
}

TEST(LossScaleTest, GoesOnWhereItWas) {
  LossScale scale = Make(8, 3);
  for (const bool finite : {false, true, true}) {
    EXPECT_TRUE(scale.Update(finite).ok());
  }
  LossScale loaded = Make(1024, 3);
  ASSERT_TRUE(loaded.Load(scale.Save()).ok());
  EXPECT_EQ(loaded.value(), 4);
  EXPECT_TRUE(loaded.Update(true).ok());
  EXPECT_EQ(loaded.value(), 8);
  for (const char* bad : {"", "4", "4 x", "3 0", "0 0", "-4 1", "4 -1", "4 1 1",
                          "nan 0", "inf 0"}) {
    EXPECT_THAT(std::string(loaded.Load(bad).message()),
                HasSubstr("a power of two"))
        << bad;
  }
  EXPECT_EQ(loaded.value(), 8);
  for (int exponent = -24; exponent <= 24; ++exponent) {
    const float value = std::ldexp(1.0f, exponent);
    ASSERT_TRUE(loaded.Load(Make(value, 3).Save()).ok()) << exponent;
    EXPECT_EQ(loaded.value(), value);
  }
}

}  // namespace
}  // namespace fcis::train
