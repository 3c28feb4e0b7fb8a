#include "fcis/core/draw/canvas.h"

#include <string>

#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr Color kRed = {200, 10, 20};

// '#' where the image is red, '.' where black, '?' elsewhere.
std::string Art(const Image& image) {
  std::string art;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* p = image.row(y) + 3 * x;
      const Color color = {p[0], p[1], p[2]};
      art += color == kRed ? '#' : color == Color() ? '.' : '?';
    }
    art += '\n';
  }
  return art;
}

TEST(FillBoxTest, FillsWhatIsInside) {
  Image image(3, 4);
  FillBox({1, -5, 3, 2}, kRed, &image);
  EXPECT_EQ(Art(image),
            ".##.\n"
            ".##.\n"
            "....\n");
  FillBox({2, 2, 99, 99}, kRed, &image);
  EXPECT_EQ(Art(image),
            ".##.\n"
            ".##.\n"
            "..##\n");
}

TEST(FillBoxTest, OutsideOrEmptyDrawsNothing) {
  Image image(2, 2);
  FillBox({5, 0, 7, 2}, kRed, &image);
  FillBox({-7, -7, 0, 0}, kRed, &image);
  FillBox({1, 1, 1, 2}, kRed, &image);
  FillBox({1, 1, 0, 0}, kRed, &image);
  EXPECT_EQ(Art(image), "..\n..\n");
  Image none;
  FillBox({0, 0, 9, 9}, kRed, &none);
  EXPECT_TRUE(none.empty());
}

TEST(FrameBoxTest, DrawsTheBorder) {
  Image image(6, 8);
  FrameBox({1, 1, 7, 6}, 2, kRed, &image);
  EXPECT_EQ(Art(image),
            "........\n"
            ".######.\n"
            ".######.\n"
            ".##..##.\n"
            ".######.\n"
            ".######.\n");
}

TEST(FrameBoxTest, ThickFramesStayInTheirBox) {
  Image image(4, 4);
  FrameBox({1, 1, 3, 3}, 5, kRed, &image);
  EXPECT_EQ(Art(image),
            "....\n"
            ".##.\n"
            ".##.\n"
            "....\n");
}

}  // namespace
}  // namespace fcis
