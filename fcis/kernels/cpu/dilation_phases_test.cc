#include "fcis/kernels/cpu/dilation_phases.h"

#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(DilationPhasesTest, ShapesRoundUp) {
  EXPECT_EQ(PhasesOf({2, 38, 51, 8}, 2), Shape({8, 19, 26, 8}));
  EXPECT_EQ(PhasesOf({1, 7, 7, 8}, 3), Shape({9, 3, 3, 8}));
}

// One channel, 3x3 pixels, dilation 2.
TEST(DilationPhasesTest, PixelsOfAPhaseAreEqualModuloDilation) {
  const std::vector<float> map = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> phases(16, -1.0f);
  ToPhases({1, 3, 3, 1}, 1, 2, map.data(), phases.data());
  EXPECT_EQ(phases, (std::vector<float>{1, 3, 7, 9, 2, 0, 8, 0, 4, 6, 0, 0, 5,
                                        0, 0, 0}));
}

TEST(DilationPhasesTest, ComeBackForAnyBlocks) {
  for (const int64_t block : {1, 4, 6}) {
    for (const int dilation : {2, 3}) {
      const Shape shape = {2, 5, 7, 6};
      const int64_t blocks = (6 + block - 1) / block;
      std::vector<float> map(2 * blocks * 5 * 7 * block);
      std::iota(map.begin(), map.end(), 1.0f);
      const Shape small = PhasesOf(shape, dilation);
      std::vector<float> phases(small.num_elements() / 6 * blocks * block);
      std::vector<float> back(map.size());
      ToPhases(shape, block, dilation, map.data(), phases.data());
      FromPhases(shape, block, dilation, phases.data(), back.data());
      EXPECT_EQ(back, map) << block << " " << dilation;
    }
  }
}

}  // namespace
}  // namespace fcis::kernels
