#include "fcis/train/targets/mask_target.h"

#include <vector>

#include "fcis/core/base/random_stream.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

TEST(IgnoredArea, NothingIsIgnoredByDefault) {
  EXPECT_FALSE(IgnoredArea().Covers({0, 0, 4, 4}));
}

TEST(IgnoredArea, HalfOfABoxIsEnough) {
  constexpr int kHeight = 4, kWidth = 6;
  // The three columns on the left.
  std::vector<uint8_t> mask(kHeight * kWidth);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < 3; ++x) mask[static_cast<size_t>(y * kWidth + x)] = 1;
  }
  const IgnoredArea area({mask.data(), kHeight, kWidth});
  EXPECT_TRUE(area.Covers({0, 0, 6, 4}));   // 3 of 6 columns
  EXPECT_FALSE(area.Covers({1, 0, 6, 4}));  // 2 of 5
  EXPECT_TRUE(area.Covers({2, 1, 4, 2}));
  EXPECT_FALSE(area.Covers({3, 0, 6, 4}));
  EXPECT_TRUE(area.Covers({-8, -8, 3, 2}));     // clipped: 3 of 3
  EXPECT_FALSE(area.Covers({1, 1, 1.2f, 3}));   // no pixels
  EXPECT_FALSE(area.Covers({-9, -9, -5, -5}));  // outside
}

TEST(IgnoredArea, CountsAsAPlainLoopDoes) {
  constexpr int kHeight = 9, kWidth = 13;
  RandomStream random("area", 1);
  std::vector<uint8_t> mask(kHeight * kWidth);
  for (uint8_t& bit : mask) bit = random.Chance(.5) ? 1 : 0;
  const IgnoredArea area({mask.data(), kHeight, kWidth});
  int covered = 0;
  for (int i = 0; i < 500; ++i) {
    const int y0 = random.Integer(0, kHeight - 1);
    const int x0 = random.Integer(0, kWidth - 1);
    const int y1 = random.Integer(y0 + 1, kHeight);
    const int x1 = random.Integer(x0 + 1, kWidth);
    int count = 0;
    for (int y = y0; y < y1; ++y) {
      for (int x = x0; x < x1; ++x) {
        count += mask[static_cast<size_t>(y * kWidth + x)];
      }
    }
    const bool want = 2 * count >= (y1 - y0) * (x1 - x0);
    covered += want;
    EXPECT_EQ(area.Covers({static_cast<float>(x0), static_cast<float>(y0),
                           static_cast<float>(x1), static_cast<float>(y1)}),
              want);
  }
  EXPECT_GT(covered, 100);
  EXPECT_LT(covered, 400);
}

}  // namespace
}  // namespace fcis::train
