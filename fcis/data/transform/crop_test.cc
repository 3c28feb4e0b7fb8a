#include "fcis/data/transform/crop.h"

#include "fcis/data/transform/instances.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

std::vector<uint8_t> Filled(int height, int width, const PixelBox& box) {
  std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
  for (int y = box.y0; y < box.y1; ++y) {
    for (int x = box.x0; x < box.x1; ++x) {
      mask[static_cast<size_t>(y) * width + x] = 1;
    }
  }
  return mask;
}

// Pixel (x, y) is (x, y, 0).
LabelledImage Coordinates(int height, int width) {
  LabelledImage picture;
  picture.image = Image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.image.row(y)[x * 3] = static_cast<uint8_t>(x);
      picture.image.row(y)[x * 3 + 1] = static_cast<uint8_t>(y);
    }
  }
  return picture;
}

TEST(MaskExtent, IsTight) {
  EXPECT_EQ(MaskExtent(Filled(7, 9, {3, 2, 8, 5}), 7, 9),
            (PixelBox{3, 2, 8, 5}));
  EXPECT_EQ(MaskExtent(Filled(7, 9, {0, 0, 9, 7}), 7, 9),
            (PixelBox{0, 0, 9, 7}));
  EXPECT_TRUE(MaskExtent(Filled(7, 9, {}), 7, 9).empty());
  EXPECT_TRUE(MaskExtent({}, 0, 0).empty());
  std::vector<uint8_t> corners = Filled(7, 9, {});
  corners[8] = corners[6 * 9 + 2] = 1;
  EXPECT_EQ(MaskExtent(corners, 7, 9), (PixelBox{2, 0, 9, 7}));
}

TEST(Crop, PixelsAndMasksMoveTogether) {
  LabelledImage picture = Coordinates(10, 12);
  // Inside with a box looser than its mask; cut; outside; an empty mask.
  picture.instances.Add({4.5, 3.5, 7.5, 6}, 1, Filled(10, 12, {5, 4, 7, 6}));
  picture.instances.Add({0, 0, 5, 9}, 2, Filled(10, 12, {0, 0, 5, 9}));
  picture.instances.Add({10, 0, 12, 2}, 3, Filled(10, 12, {10, 0, 12, 2}));
  picture.instances.Add({4, 4, 6, 6}, 4, Filled(10, 12, {}));
  const LabelledImage part = Crop(picture, {3, 2, 9, 7});
  EXPECT_EQ(part.image.height, 5);
  EXPECT_EQ(part.image.width, 6);
  EXPECT_EQ(part.image.pixels.size(), 90u);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 6; ++x) {
      EXPECT_EQ(part.image.row(y)[x * 3], x + 3);
      EXPECT_EQ(part.image.row(y)[x * 3 + 1], y + 2);
    }
  }
  EXPECT_EQ(part.instances.labels, (std::vector<int>{1, 2}));
  EXPECT_EQ(part.instances.boxes,
            (std::vector<Box>{{1.5, 1.5, 4.5, 4}, {0, 0, 2, 5}}));
  EXPECT_EQ(part.instances.masks[0], Filled(5, 6, {2, 2, 4, 4}));
  EXPECT_EQ(part.instances.masks[1], Filled(5, 6, {0, 0, 2, 5}));
  EXPECT_TRUE(part.instances.ignored.empty());
  picture.instances.Ignore(Filled(10, 12, {0, 0, 4, 4}));
  picture.instances.Ignore(Filled(10, 12, {8, 6, 12, 10}));
  std::vector<uint8_t> want = Filled(5, 6, {0, 0, 1, 2});
  want[4 * 6 + 5] = 1;
  EXPECT_EQ(Crop(picture, {3, 2, 9, 7}).instances.ignored, want);
}

TEST(RandomZoom, ShowsAPartWithSomethingInIt) {
  LabelledImage picture = Coordinates(20, 40);
  picture.instances.Add({10, 5, 16, 15}, 1, Filled(20, 40, {10, 5, 16, 15}));
  RandomStream random("zoom", 1);
  std::vector<PixelBox> windows;
  for (int i = 0; i < 50; ++i) {
    const LabelledImage part = RandomZoom(picture, 2, random);
    ASSERT_EQ(part.image.height, 10);
    ASSERT_EQ(part.image.width, 20);
    ASSERT_EQ(part.instances.size(), 1u);
    const int x0 = part.image.pixels[0], y0 = part.image.pixels[1];
    windows.push_back({x0, y0, x0 + 20, y0 + 10});
    EXPECT_EQ(part.instances.masks[0],
              Crop(picture, windows.back()).instances.masks[0]);
  }
  int different = 0;
  for (const PixelBox& window : windows) {
    if (!(window == windows[0])) ++different;
  }
  EXPECT_GT(different, 40);
}

TEST(RandomZoom, AnyPartOfAPictureWithoutInstances) {
  RandomStream random("zoom", 1);
  EXPECT_EQ(RandomZoom(Coordinates(20, 40), 2, random).image.width, 20);
}

TEST(RandomZoom, WithoutAWindowThatShowsAnyThePictureStaysWhole) {
  LabelledImage picture = Coordinates(20, 40);
  picture.instances.Add({4, 4, 6, 6}, 1, Filled(20, 40, {}));
  RandomStream random("zoom", 1);
  EXPECT_EQ(RandomZoom(picture, 2, random).image.width, 40);
}

}  // namespace
}  // namespace fcis::data
