#include "fcis/core/testing/near.h"

#include <cmath>

#include "gtest/gtest.h"

namespace fcis {
namespace {

Tensor Three(float a, float b, float c) {
  return Tensor::FromSpan<float>({3}, {a, b, c});
}

TEST(AllNear, ComparesWithTheLimit) {
  EXPECT_TRUE(AllNear(Three(1, 2, 3), Three(1, 2, 3.5), 0.5));
  EXPECT_FALSE(AllNear(Three(1, 2, 3), Three(1, 2, 3.6), 0.5));
  EXPECT_FALSE(AllNear(Three(1, 2, 3), Three(1, 2, 3).Reshaped({1, 3}), 0.5));
}

TEST(AllNear, NaNPassesOnlyWhereExpected) {
  const float nan = std::nanf("");
  EXPECT_TRUE(AllNear(Three(nan, 0, 0), Three(nan, 0, 0), 0));
  EXPECT_FALSE(AllNear(Three(nan, 0, 0), Three(1, 0, 0), 1e9));
  EXPECT_FALSE(AllNear(Three(1, 0, 0), Three(nan, 0, 0), 1e9));
}

TEST(AllEqual, ComparesBits) {
  EXPECT_TRUE(AllEqual(Three(1, 2, 3), Three(1, 2, 3)));
  EXPECT_FALSE(AllEqual(Three(1, 2, 3), Three(1, 2, 4)));
  EXPECT_FALSE(AllEqual(Three(0, 2, 3), Three(-0.0f, 2, 3)));
}

TEST(AbsMax, OfMagnitudes) {
  EXPECT_EQ(AbsMax(Three(1, -5, 3)), 5);
  EXPECT_EQ(AbsMax(Tensor()), 0);
}

}  // namespace
}  // namespace fcis
