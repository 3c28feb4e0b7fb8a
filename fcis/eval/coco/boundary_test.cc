#include "fcis/eval/coco/boundary.h"

#include <cmath>
#include <vector>

#include "fcis/core/base/random_stream.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

TEST(BoundaryTest, WidthIsTwoPercentOfTheDiagonal) {
  EXPECT_EQ(BoundaryWidth(480, 640), 16);
  EXPECT_EQ(BoundaryWidth(30, 40), 1);
  EXPECT_EQ(BoundaryWidth(1, 1), 1);
  EXPECT_EQ(BoundaryWidth(75, 100), 2);  // 2.5, half to even
}

// The definition: of the mask, and something within reach that is not.
TEST(BoundaryTest, IsTheMaskNearItsOutside) {
  RandomStream random("boundary", 1);
  for (const auto& size : std::vector<std::pair<int, int>>{
           {20, 30}, {100, 80}, {1, 7}, {130, 2}}) {
    const int height = size.first, width = size.second;
    const int reach = BoundaryWidth(height, width);
    std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
    for (uint8_t& pixel : mask) pixel = random.Chance(.995);
    const auto at = [&](int y, int x) {
      return y >= 0 && x >= 0 && y < height && x < width &&
             mask[static_cast<size_t>(y) * width + x];
    };
    std::vector<uint8_t> expected(mask.size());
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        bool near = false;
        for (int dy = -reach; dy <= reach; ++dy) {
          for (int dx = -reach; dx <= reach; ++dx) near |= !at(y + dy, x + dx);
        }
        expected[static_cast<size_t>(y) * width + x] = at(y, x) && near;
      }
    }
    const Rle band = MaskBoundary(EncodeRowMajor(mask.data(), height, width));
    EXPECT_TRUE(band == EncodeRowMajor(expected.data(), height, width))
        << height << " x " << width;
  }
}

TEST(BoundaryTest, OfAnEmptyMaskIsEmpty) {
  EXPECT_EQ(RleArea(MaskBoundary(Rle{5, 5, {25}})), 0u);
  EXPECT_EQ(RleArea(MaskBoundary(Rle{0, 5, {0}})), 0u);
}

}  // namespace
}  // namespace fcis::eval
