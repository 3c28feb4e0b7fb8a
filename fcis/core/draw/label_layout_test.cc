#include "fcis/core/draw/label_layout.h"

#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

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
