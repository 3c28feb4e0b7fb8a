#include "fcis/core/base/random_stream.h"

#include <cmath>

#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr int kDraws = 100000;

TEST(RandomStreamTest, DependsOnNameAndSeedAlone) {
  RandomStream a("a", 1), same("a", 1), b("b", 1), other("a", 2);
  const uint64_t first = a.Bits();
  EXPECT_EQ(first, same.Bits());
  EXPECT_NE(first, b.Bits());
  EXPECT_NE(first, other.Bits());
  EXPECT_NE(first, a.Bits());
}

TEST(RandomStreamTest, UniformFillsItsRangeEvenly) {
  RandomStream random("uniform", 1);
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.Uniform(2, 4);
    ASSERT_GE(value, 2);
    ASSERT_LT(value, 4);
    sum += value - 3;
    squares += (value - 3) * (value - 3);
  }
  // Deviations of the mean: sqrt(1/3/n); of the variance 1/3: sqrt(4/45/n).
  // Five of them.
  EXPECT_NEAR(sum / kDraws, 0, 5 * std::sqrt(1.0 / 3 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(RandomStreamTest, IntegersReachBothEndsAlike) {
  RandomStream random("integer", 1);
  int counts[4] = {};
  for (int i = 0; i < kDraws; ++i) {
    const int value = random.Integer(-1, 2);
    ASSERT_GE(value, -1);
    ASSERT_LE(value, 2);
    ++counts[value + 1];
  }
  // Binomial, five deviations.
  for (const int count : counts) {
    EXPECT_NEAR(count, kDraws / 4, 5 * std::sqrt(kDraws * 3.0 / 16));
  }
}

TEST(RandomStreamTest, NormalHasMeanZeroAndDeviationOne) {
  RandomStream random("normal", 1);
  double sum = 0, squares = 0;
  int within = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.Normal();
    sum += value;
    squares += value * value;
    within += std::abs(value) < 1;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(within, .6826895 * kDraws, 5 * std::sqrt(.217 * kDraws));
}

}  // namespace
}  // namespace fcis
