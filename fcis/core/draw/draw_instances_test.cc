#include "fcis/core/draw/draw_instances.h"

#include <cstdint>
#include <string>
#include <vector>

#include "fcis/core/draw/palette.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

Image Gray(int height, int width) {
  Image image(height, width);
  image.pixels.assign(image.pixels.size(), 100);
  return image;
}

Color At(const Image& image, int y, int x) {
  const uint8_t* p = image.row(y) + 3 * x;
  return {p[0], p[1], p[2]};
}

PastedMask FullMask(int x0, int y0, int width, int height) {
  PastedMask mask;
  mask.x0 = x0;
  mask.y0 = y0;
  mask.width = width;
  mask.height = height;
  mask.bits.assign(static_cast<size_t>(width) * height, 1);
  return mask;
}

constexpr Color kGray = {100, 100, 100};

TEST(DrawInstancesTest, DrawsMaskOutlineBoxAndLabel) {
  Image image = Gray(100, 200);
  // Half as wide as the box.
  const PastedMask mask = FullMask(40, 30, 30, 40);
  DrawInstances({{{40, 30, 100, 70}, &mask, "cat 0.98"}}, &image);
  const Color color = InstanceColor(0);
  EXPECT_EQ(At(image, 30, 99), color) << "box";
  EXPECT_EQ(At(image, 69, 50), color) << "box";
  EXPECT_EQ(At(image, 50, 69), color) << "outline of the mask";
  EXPECT_EQ(At(image, 50, 50), (Color{(100 * 144 + 230 * 112 + 128) / 256,
                                      (100 * 144 + 159 * 112 + 128) / 256,
                                      (100 * 144 + 0 * 112 + 128) / 256}))
      << "mask";
  EXPECT_EQ(At(image, 50, 80), kGray) << "in the box, not in the mask";
  EXPECT_EQ(At(image, 29, 40), color) << "background of the label";
  bool has_text = false;
  for (int y = 19; y < 30; ++y) {
    for (int x = 40; x < 89; ++x) {
      has_text |= At(image, y, x) == TextColorOn(color);
    }
  }
  EXPECT_TRUE(has_text);
}

TEST(DrawInstancesTest, ColoursFollowTheOrder) {
  Image image = Gray(50, 300);
  DrawInstances({{{0, 20, 50, 40}, nullptr, ""},
                 {{100, 20, 150, 40}, nullptr, ""},
                 {{200, 20, 250, 40}, nullptr, ""}},
                &image);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(At(image, 20, 100 * i + 10), InstanceColor(i));
  }
}

TEST(DrawInstancesTest, NothingElseIsTouched) {
  Image image = Gray(60, 120);
  const PastedMask mask = FullMask(20, 20, 40, 20);
  DrawInstances({{{20, 20, 60, 40}, &mask, "dog 0.71"}}, &image);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const bool in_box = x >= 20 && x < 60 && y >= 20 && y < 40;
      // 8 characters of 6 less 1, and the margin.
      const bool in_label = x >= 20 && x < 69 && y >= 9 && y < 20;
      if (in_box || in_label) continue;
      EXPECT_EQ(At(image, y, x), kGray) << y << " " << x;
    }
  }
}

TEST(DrawInstancesTest, LettersGrowWithThePicture) {
  // Height of the label's background above a box at the same relative place.
  const auto label_height = [](int height, int width) {
    Image image = Gray(height, width);
    const float w = static_cast<float>(width), h = static_cast<float>(height);
    DrawInstances({{{w / 4, h / 2, w / 2, h * 3 / 4}, nullptr, "a"}}, &image);
    int rows = 0;
    while (!(At(image, height / 2 - 1 - rows, width / 4) == kGray)) ++rows;
    return rows;
  };
  EXPECT_EQ(label_height(100, 100), 11);
  EXPECT_EQ(label_height(480, 640), 22);
  EXPECT_EQ(label_height(1080, 1920), 55);
}

TEST(DrawInstancesTest, AnySizeAndPlaceIsSafe) {
  for (const int height : {1, 2, 9, 40}) {
    for (const int width : {1, 7, 13, 300}) {
      Image image = Gray(height, width);
      const PastedMask mask = FullMask(0, 0, width, height);
      DrawInstances(
          {{{-50, -50, 1e6f, 1e6f}, &mask, "a long label that never fits"},
           {{5, 5, 5, 5}, nullptr, "empty"},
           {{1e6f, 1e6f, 2e6f, 2e6f}, nullptr, "outside"}},
          &image);
      EXPECT_EQ(image.pixels.size(), 3u * height * width);
    }
  }
  Image none;
  DrawInstances({{{0, 0, 1, 1}, nullptr, "x"}}, &none);
  EXPECT_TRUE(none.empty());
}

PastedMask Parse(const std::string& art, int width) {
  PastedMask mask;
  mask.width = width;
  for (const char c : art) mask.bits.push_back(c != '.');
  mask.height = static_cast<int>(mask.bits.size()) / width;
  return mask;
}

std::string Outline(const std::string& art, int width, int thickness) {
  std::string result;
  for (const uint8_t bit : MaskOutline(Parse(art, width), thickness)) {
    result += bit == 0 ? '.' : '#';
  }
  return result;
}

TEST(MaskOutlineTest, MarksTheBorderPixels) {
  EXPECT_EQ(Outline("......."
                    ".#####."
                    ".######"
                    ".######"
                    "...###.",
                    7, 1),
            "......."
            ".#####."
            ".#....#"
            ".##...#"
            "...###.");
}

TEST(MaskOutlineTest, ThickOutlinesAreClosedAroundSmallHoles) {
  EXPECT_EQ(Outline("#######"
                    "#######"
                    "#######"
                    "###.###"
                    "#######"
                    "#######"
                    "#######",
                    7, 2),
            "#######"
            "#######"
            "##.#.##"
            "###.###"
            "##.#.##"
            "#######"
            "#######");
}

TEST(MaskOutlineTest, EmptyMask) {
  EXPECT_EQ(Outline("....", 2, 3), "....");
  EXPECT_TRUE(MaskOutline(PastedMask(), 1).empty());
}

TEST(LabelLayoutTest, PrefersAboveTheBox) {
  LabelLayout layout(100, 200);
  EXPECT_EQ(layout.Place({50, 40, 80, 90}, 60, 10),
            (PixelBox{50, 30, 110, 40}));
}

TEST(LabelLayoutTest, StaysInsideThePicture) {
  LabelLayout layout(100, 200);
  EXPECT_EQ(layout.Place({190, 3, 200, 50}, 60, 10),
            (PixelBox{140, 0, 200, 10}));
  // Larger than the picture: as much of its beginning as there is room for.
  LabelLayout small(5, 20);
  EXPECT_EQ(small.Place({3, 0, 18, 4}, 60, 10), (PixelBox{0, 0, 60, 10}));
}

TEST(LabelLayoutTest, LabelsOfOneBoxDoNotCoverEachOther) {
  LabelLayout layout(100, 200);
  std::vector<PixelBox> places;
  // As many as there are lines in the picture.
  for (int i = 0; i < 10; ++i) {
    const PixelBox place = layout.Place({50, 40, 120, 90}, 60, 10);
    EXPECT_GE(place.x0, 0);
    EXPECT_GE(place.y0, 0);
    EXPECT_LE(place.x1, 200);
    EXPECT_LE(place.y1, 100);
    for (const PixelBox& other : places) {
      EXPECT_TRUE(place.x1 <= other.x0 || other.x1 <= place.x0 ||
                  place.y1 <= other.y0 || other.y1 <= place.y0);
    }
    places.push_back(place);
  }
}

TEST(LabelLayoutTest, CoversOthersWhenNothingIsFree) {
  LabelLayout layout(20, 30);
  const PixelBox box = {0, 0, 30, 20};
  EXPECT_EQ(layout.Place(box, 30, 20), (PixelBox{0, 0, 30, 20}));
  EXPECT_EQ(layout.Place(box, 30, 20), (PixelBox{0, 0, 30, 20}));
}

}  // namespace
}  // namespace fcis
