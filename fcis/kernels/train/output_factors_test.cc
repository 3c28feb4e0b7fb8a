#include "fcis/kernels/train/output_factors.h"

#include <vector>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(OutputFactorsTest, PatternsAndPadding) {
  // Three outputs in blocks of two, two inputs: block 0, block 1.
  const OutputFactors factors({2.0f, 3.0f, 5.0f}, {0, 1, 0, 1}, {0, 2, 0});
  ASSERT_EQ(factors.size(), 12);
  EXPECT_FALSE(factors.all_one());
  const std::vector<float> ones(12, 1.0f);
  std::vector<float> to(12);
  factors.Apply(ones.data(), to.data());
  EXPECT_EQ(to, (std::vector<float>{2, 3, 2, 3, 5, 0, 5, 0, 2, 3, 2, 3}));
  EXPECT_EQ(factors.of_segment(1)[0], 5.0f);
}

TEST(OutputFactorsTest, OutputsFirst) {
  const std::vector<float> ones(6, 1.0f);
  std::vector<float> to(6);
  OutputFactors::OutputsFirst(6, 2, {2.0f, 3.0f}).Apply(ones.data(), to.data());
  EXPECT_EQ(to, (std::vector<float>{2, 2, 2, 3, 3, 3}));
  EXPECT_TRUE(OutputFactors::OutputsFirst(6, 2, {}).all_one());
}

TEST(OutputFactorsTest, AllOneCopies) {
  const OutputFactors factors(3);
  EXPECT_TRUE(factors.all_one());
  const std::vector<float> from = {1, 2, 3};
  std::vector<float> to(3);
  factors.Apply(from.data(), to.data());
  EXPECT_EQ(to, from);
}

}  // namespace
}  // namespace fcis::kernels
