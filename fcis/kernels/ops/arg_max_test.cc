#include "fcis/kernels/ops/arg_max.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(ArgMaxTest, FirstOfTheLargest) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const float rows[6][3] = {{1, 3, 2},     {5, 5, 4},    {-3, -2, -2},
                            {0, -0.0f, 0}, {1, kNan, 2}, {kNan, 7, 8}};
  const int best[6] = {1, 0, 1, 0, 2, 0};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ArgMaxOfRow(rows[i], 3), best[i]) << i;
}

TEST(ArgMaxTest, LongRows) {
  for (int top = 0; top < 81; ++top) {
    std::vector<float> row(81, 1);
    row[static_cast<size_t>(top)] = 2;
    EXPECT_EQ(ArgMaxOfRow(row.data(), 81), top);
  }
}

}  // namespace
}  // namespace fcis::kernels
