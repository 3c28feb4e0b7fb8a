#include "fcis/core/rle/rle_resize.h"

#include <cstdint>
#include <vector>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/image/resize.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(ShrinkRleTest, PicksThePixelsOfResizeNearest) {
  uint32_t number = 0;
  const auto random = [&number](uint32_t below) {
    return static_cast<int>(RngBits(RngKey("shrink", 1), number++) % below);
  };
  for (int round = 0; round < 300; ++round) {
    const int height = 1 + random(20), width = 1 + random(20);
    const int out_height = 1 + random(static_cast<uint32_t>(height));
    const int out_width = 1 + random(static_cast<uint32_t>(width));
    const uint32_t density = 1 + static_cast<uint32_t>(random(5));
    std::vector<uint8_t> mask(static_cast<size_t>(height * width));
    for (uint8_t& pixel : mask) pixel = random(density + 1) == 0;
    std::vector<uint8_t> small(static_cast<size_t>(out_height * out_width));
    ResizeNearest(mask.data(), height, width, small.data(), out_height,
                  out_width);
    EXPECT_EQ(ShrinkRle(EncodeRowMajor(mask.data(), height, width), out_height,
                        out_width),
              EncodeRowMajor(small.data(), out_height, out_width))
        << height << "x" << width << " to " << out_height << "x" << out_width;
  }
}

TEST(ShrinkRleTest, OfEmptyAndCutRuns) {
  EXPECT_EQ(ShrinkRle({4, 4, {16}}, 2, 2).counts, std::vector<uint32_t>({4}));
  EXPECT_EQ(ShrinkRle({4, 4, {}}, 2, 2).counts, std::vector<uint32_t>({4}));
  EXPECT_EQ(ShrinkRle({4, 4, {0, 4}}, 2, 2).counts,
            std::vector<uint32_t>({0, 2, 2}));
  EXPECT_EQ(ShrinkRle({4, 4, {0, 2, 0, 14}}, 4, 4).counts,
            std::vector<uint32_t>({0, 16}));
}

}  // namespace
}  // namespace fcis
