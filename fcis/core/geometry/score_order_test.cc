#include "fcis/core/geometry/score_order.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(OrderByScore, DescendingAndTiesByDescendingIndex) {
  EXPECT_EQ(OrderByScore({1, 3, 2, 3, -1}),
            (RecycledVector<int>{3, 1, 2, 0, 4}));
  EXPECT_EQ(OrderByScore({1, 3, 2, 3, -1}, 2), (RecycledVector<int>{3, 1}));
  EXPECT_EQ(OrderByScore({5, 5, 5}, 1), (RecycledVector<int>{2}));
  EXPECT_TRUE(OrderByScore({}).empty());
  EXPECT_TRUE(OrderByScore({1.0f}, 0).empty());
}

TEST(OrderByScore, SignedZerosTieAndNaNLeads) {
  EXPECT_EQ(OrderByScore({0.0f, -0.0f}), (RecycledVector<int>{1, 0}));
  EXPECT_EQ(OrderByScore({-0.0f, 0.0f}), (RecycledVector<int>{1, 0}));
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(OrderByScore({-inf, inf, std::nanf(""), -2.5f, -2.0f}),
            (RecycledVector<int>{2, 1, 4, 3, 0}));
}

}  // namespace
}  // namespace fcis
