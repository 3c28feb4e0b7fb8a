#include "fcis/core/base/pairwise_sum.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

struct Case {
  int n;
  float f32;
  double f64;
};

// NumPy 1.x and 2.x: np.sqrt(np.arange(n) * 0.1 + 0.3).sum() in both types.
constexpr Case kCases[] = {
    {0, 0x0.0p+0f, 0x0.0p+0},
    {1, 0x1.186f180000000p-1f, 0x1.186f174f88472p-1},
    {7, 0x1.55dda20000000p+2f, 0x1.55dda0954d140p+2},
    {8, 0x1.95dda00000000p+2f, 0x1.95dda0954d140p+2},
    {9, 0x1.d8fd500000000p+2f, 0x1.d8fd4fbaf66fep+2},
    {15, 0x1.d34a180000000p+3f, 0x1.d34a1642410dfp+3},
    {128, 0x1.3974b40000000p+8f, 0x1.3974b34f35867p+8},
    {129, 0x1.3d13440000000p+8f, 0x1.3d1343cc2cc92p+8},
    {300, 0x1.1515940000000p+10f, 0x1.15159329bed39p+10},
    {600, 0x1.859e280000000p+11f, 0x1.859e27573de19p+11},
    {1000, 0x1.a22da40000000p+12f, 0x1.a22da5769f82ep+12},
};

TEST(PairwiseSum, IsNumPysToTheBit) {
  for (const Case& c : kCases) {
    std::vector<float> f(c.n);
    std::vector<double> d(c.n);
    for (int i = 0; i < c.n; ++i) {
      f[i] = std::sqrt(static_cast<float>(i) * 0.1f + 0.3f);
      d[i] = std::sqrt(i * 0.1 + 0.3);
    }
    EXPECT_EQ(PairwiseSum(f.data(), c.n), c.f32) << c.n;
    EXPECT_EQ(PairwiseSum(d.data(), c.n), c.f64) << c.n;
  }
}

// NumPy's recursion, as it is written there.
float Recursive(const float* values, int64_t n) {
  if (n <= 128) return PairwiseBlockSum(values, n);
  const int64_t half = n / 2 - n / 2 % 8;
  return Recursive(values, half) + Recursive(values + half, n - half);
}

TEST(PairwiseSum, LongArraysAreHalvedInTheSameWay) {
  std::vector<float> values(100000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 1.0f / static_cast<float>(i + 1);
  }
  for (const int64_t n : {127, 255, 257, 511, 1025, 4095, 65537, 100000}) {
    EXPECT_EQ(PairwiseSum(values.data(), n), Recursive(values.data(), n)) << n;
  }
}

}  // namespace
}  // namespace fcis
