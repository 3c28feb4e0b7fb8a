#include "fcis/core/draw/mask_outline.h"

#include <string>

#include "gtest/gtest.h"

namespace fcis {
namespace {

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

}  // namespace
}  // namespace fcis
