#include "fcis/data/transform/mosaic.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "fcis/core/geometry/pixel_box.h"
#include "fcis/data/transform/instances.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

// Gray, with an object of `label` that is as red as its label says.
LabelledImage Picture(int height, int width, const PixelBox& box, int label) {
  LabelledImage picture;
  picture.image = Image(height, width);
  std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
  for (int y = box.y0; y < box.y1; ++y) {
    for (int x = box.x0; x < box.x1; ++x) {
      mask[static_cast<size_t>(y) * width + x] = 1;
      picture.image.row(y)[x * 3] = static_cast<uint8_t>(50 * label);
    }
  }
  picture.instances.Add(ToBox(box), label, std::move(mask));
  return picture;
}

// Of one shape, so that a window shows a fifth of its picture at least: that of
// a quarter of 3/10 by 7/10, at its smallest, shows 0.5 * 3/7.
std::array<LabelledImage, 4> Four() {
  return {Picture(60, 80, {10, 10, 70, 50}, 1),
          Picture(30, 40, {0, 0, 40, 30}, 2),
          Picture(120, 160, {10, 10, 150, 110}, 3),
          Picture(60, 80, {20, 10, 80, 50}, 4)};
}

TEST(Mosaic, MasksAndBoxesStayOnTheirObjects) {
  RandomStream random("mosaic", 1);
  int whole = 0;
  for (int n = 0; n < 20; ++n) {
    const LabelledImage mosaic = Mosaic(Four(), random);
    ASSERT_EQ(mosaic.image.height, 60);
    ASSERT_EQ(mosaic.image.width, 80);
    whole += mosaic.instances.size() == 4;
    for (size_t i = 0; i < mosaic.instances.size(); ++i) {
      const std::vector<uint8_t>& mask = mosaic.instances.masks[i];
      const PixelBox extent = MaskExtent(mask, 60, 80);
      ASSERT_FALSE(extent.empty());
      const Box& box = mosaic.instances.boxes[i];
      // Nearest sampling may lose a pixel of the source at each edge.
      EXPECT_NEAR(box.x0, static_cast<float>(extent.x0), 2.1);
      EXPECT_NEAR(box.y1, static_cast<float>(extent.y1), 2.1);
      int right = 0, marked = 0;
      for (size_t at = 0; at < mask.size(); ++at) {
        if (mask[at] == 0) continue;
        ++marked;
        // Bilinear edges are darker.
        right += mosaic.image.pixels[at * 3] > 25 * mosaic.instances.labels[i];
      }
      EXPECT_GT(right, marked * 8 / 10);
    }
  }
  EXPECT_GT(whole, 10);
}

TEST(Mosaic, TheCutIsSomewhereInTheMiddle) {
  RandomStream random("mosaic", 2);
  std::vector<int> cuts;
  for (int n = 0; n < 50; ++n) {
    // The second picture fills its quarter.
    const LabelledImage mosaic = Mosaic(Four(), random);
    const PixelBox second = MaskExtent(mosaic.instances.masks[1], 60, 80);
    EXPECT_EQ(second.x1, 80);
    EXPECT_EQ(second.y0, 0);
    EXPECT_GE(second.x0, 24);
    EXPECT_LE(second.x0, 56);
    cuts.push_back(second.x0);
  }
  EXPECT_LT(*std::min_element(cuts.begin(), cuts.end()), 32);
  EXPECT_GT(*std::max_element(cuts.begin(), cuts.end()), 48);
}

TEST(Mosaic, ObjectsThatAreHardlyInAreIgnored) {
  RandomStream random("mosaic", 3);
  int ignored = 0, kept = 0, outside = 0;
  for (int n = 0; n < 300; ++n) {
    std::array<LabelledImage, 4> pictures = Four();
    for (LabelledImage& picture : pictures) picture.instances = Instances();
    // At the edge, where windows cut it anywhere.
    pictures[0] = Picture(60, 400, {0, 0, 60, 60}, 1);
    const Instances shown = Mosaic(pictures, random).instances;
    if (!shown.ignored.empty()) {
      ++ignored;
      EXPECT_EQ(shown.size(), 0u);
      EXPECT_EQ(shown.ignored.size(), 60u * 400u);
      // A fifth of the object at most, which no window magnifies.
      EXPECT_LT(std::count(shown.ignored.begin(), shown.ignored.end(), 1),
                60 * 60 / 4);
    } else if (shown.size() > 0) {
      ++kept;
    } else {
      ++outside;
    }
  }
  EXPECT_GT(ignored, 5);
  EXPECT_GT(kept, 50);
  EXPECT_GT(outside, 50);
}

TEST(Mosaic, PicturesOfOnePixel) {
  RandomStream random("mosaic", 4);
  std::array<LabelledImage, 4> pictures = Four();
  pictures[0] = Picture(1, 1, {0, 0, 1, 1}, 1);
  pictures[1] = Picture(1, 1, {0, 0, 1, 1}, 2);
  EXPECT_EQ(Mosaic(pictures, random).image.pixels.size(), 3u);
}

}  // namespace
}  // namespace fcis::data
