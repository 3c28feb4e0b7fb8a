#include "fcis/data/transform/copy_paste.h"

#include <algorithm>
#include <cmath>

#include "fcis/data/transform/instances.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

// An object of the right triangle x <= y in a box, red where it is.
LabelledImage Triangle(int height, int width, const PixelBox& box, int label) {
  LabelledImage picture;
  picture.image = Image(height, width);
  std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
  for (int y = box.y0; y < box.y1; ++y) {
    for (int x = box.x0; x < box.x1 && x - box.x0 <= y - box.y0; ++x) {
      mask[static_cast<size_t>(y) * width + x] = 1;
      picture.image.row(y)[x * 3] = 255;
    }
  }
  picture.instances.Add(ToBox(box), label, std::move(mask));
  return picture;
}

LabelledImage Covered(int height, int width, const Box& box) {
  LabelledImage picture;
  picture.image = Image(height, width);
  picture.instances.Add(
      box, 5, std::vector<uint8_t>(static_cast<size_t>(height) * width, 1));
  return picture;
}

int Area(const std::vector<uint8_t>& mask) {
  int area = 0;
  for (const uint8_t pixel : mask) area += pixel;
  return area;
}

TEST(PasteObjects, PixelsMasksAndBoxesBelongTogether) {
  const LabelledImage source = Triangle(20, 30, {4, 3, 12, 11}, 2);
  int pasted = 0, mirrored = 0;
  RandomStream random("paste", 1);
  for (int i = 0; i < 200; ++i) {
    LabelledImage target = Covered(24, 18, {1, 1, 17, 20});
    PasteObjects(source, {1, true}, random, target);
    if (target.instances.size() == 1) {
      EXPECT_EQ(target.instances.boxes[0], (Box{1, 1, 17, 20}));
      EXPECT_EQ(Area(target.instances.masks[0]), 24 * 18);
      continue;
    }
    ++pasted;
    ASSERT_EQ(target.instances.labels, (std::vector<int>{5, 2}));
    const auto& below = target.instances.masks[0];
    const auto& above = target.instances.masks[1];
    EXPECT_EQ(Area(above), 36);
    EXPECT_EQ(Area(below), 24 * 18 - 36);
    for (size_t p = 0; p < above.size(); ++p) {
      ASSERT_EQ(above[p] + below[p], 1);
      ASSERT_EQ(target.image.pixels[p * 3], above[p] * 255);
    }
    const PixelBox extent = MaskExtent(above, 24, 18);
    EXPECT_EQ(target.instances.boxes[1], ToBox(extent));
    EXPECT_EQ(extent.width(), 8);
    EXPECT_EQ(extent.height(), 8);
    // What was covered has the extent of its mask now.
    EXPECT_EQ(target.instances.boxes[0], ToBox(MaskExtent(below, 24, 18)));
    // The right angle is at the lower left, or at the lower right.
    if (above[static_cast<size_t>(extent.y0) * 18 + extent.x0] == 0) ++mirrored;
  }
  EXPECT_NEAR(pasted, 100, 30);
  EXPECT_NEAR(mirrored, pasted / 2, 25);
}

TEST(PasteObjects, DropsWhatIsHiddenAndCutsWhatIsLarger) {
  // Eight times as large: it covers all of the small target.
  LabelledImage source = Covered(4, 4, {0, 0, 4, 4});
  for (uint8_t& value : source.image.pixels) value = 77;
  RandomStream random("paste", 3);
  LabelledImage target = Triangle(8, 8, {2, 2, 6, 6}, 1);
  while (target.instances.labels[0] == 1) {
    PasteObjects(source, {8, false}, random, target);
  }
  ASSERT_EQ(target.instances.size(), 1u);
  EXPECT_EQ(target.instances.boxes[0], (Box{0, 0, 8, 8}));
  EXPECT_EQ(Area(target.instances.masks[0]), 64);
  EXPECT_EQ(target.image.pixels, std::vector<uint8_t>(8 * 8 * 3, 77));
}

TEST(PasteObjects, EachIsReducedByAFactorOfItsOwn) {
  LabelledImage source = Covered(64, 64, {0, 0, 64, 64});
  source.instances.Add(Box{0, 0, 64, 64}, 6, std::vector<uint8_t>(64 * 64, 1));
  PasteOptions options;
  options.reduce = .25;
  RandomStream random("paste", 2);
  int small = 0, pasted = 0, least = 64, most = 0;
  for (int i = 0; i < 400; ++i) {
    LabelledImage target;
    target.image = Image(64, 64);
    PasteObjects(source, options, random, target);
    for (const Box& box : target.instances.boxes) {
      const int side = static_cast<int>(box.y1 - box.y0);
      if (target.instances.size() == 1) {
        ++pasted;
        if (side < 32) ++small;
        least = std::min(least, side);
        most = std::max(most, side);
      }
    }
  }
  EXPECT_GE(least, 16);
  EXPECT_LT(least, 18);
  EXPECT_GT(most, 60);
  // Half of the logarithms are below that of a half.
  EXPECT_NEAR(small, pasted / 2, 4 * std::sqrt(pasted / 4.));
}

TEST(PasteObjects, ZoomResizes) {
  const LabelledImage source = Triangle(20, 30, {4, 3, 12, 11}, 2);
  RandomStream random("paste", 1);
  LabelledImage target;
  target.image = Image(40, 40);
  while (target.instances.size() == 0) {
    PasteObjects(source, {2.5, false}, random, target);
  }
  EXPECT_EQ(target.instances.boxes[0].width(), 20);
  EXPECT_EQ(target.instances.boxes[0].height(), 20);
}

}  // namespace
}  // namespace fcis::data
