#include "fcis/core/draw/text.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr Color kInk = {1, 2, 3};

std::string Art(const Image& image) {
  std::string art;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      art += image.row(y)[3 * x + 2] == kInk.b ? '#' : '.';
    }
    art += '\n';
  }
  return art;
}

std::string Drawn(absl::string_view text, int scale) {
  Image image(TextHeight(scale), TextWidth(text, scale));
  DrawText(text, 0, 0, scale, kInk, &image);
  return Art(image);
}

TEST(TextTest, DrawsCharacters) {
  EXPECT_EQ(Drawn("Ag1", 1),
            ".###..........#..\n"
            "#...#........##..\n"
            "#...#..####...#..\n"
            "#####.#...#...#..\n"
            "#...#.#...#...#..\n"
            "#...#.#...#...#..\n"
            "#...#..####..###.\n"
            "..........#......\n"
            ".......###.......\n");
}

TEST(TextTest, EachCharacterHasItsOwnShape) {
  std::set<std::string> shapes;
  for (char c = ' '; c <= '~'; ++c) shapes.insert(Drawn(std::string(1, c), 1));
  EXPECT_EQ(shapes.size(), 95u);
  const std::string other = Drawn("\x7F", 1);
  EXPECT_EQ(shapes.count(other), 0u);
  EXPECT_EQ(Drawn("\xC3", 1), other);
  EXPECT_EQ(Drawn(std::string(1, '\0'), 1), other);
}

TEST(TextTest, WhatIsNotPrintable) {
  EXPECT_EQ(PrintableAscii("a ~\n\x7f"), "a ~??");
  EXPECT_EQ(PrintableAscii("Schl\u00fcssel \u00c9 \u00df \u0142\u017f"),
            "Schlussel E s ls");
  EXPECT_EQ(PrintableAscii("\u00bf\u0180 \u87ba\u4e1d \U0001f600"), "?? ?? ?");
  EXPECT_EQ(PrintableAscii("\xc3"), "?");
  EXPECT_EQ(PrintableAscii("\xbc"
                           "b\xc3z"),
            "?b?z");
}

TEST(TextTest, ScaleMakesLargerDots) {
  const std::string small = Drawn("x", 1);
  const std::string large = Drawn("x", 3);
  ASSERT_EQ(large.size(), 27u * 16);
  for (int y = 0; y < 27; ++y) {
    for (int x = 0; x < 15; ++x) {
      EXPECT_EQ(large[y * 16 + x], small[y / 3 * 6 + x / 3]);
    }
  }
}

TEST(TextTest, SizesFitTogether) {
  EXPECT_EQ(TextWidth("", 2), 0);
  EXPECT_EQ(TextWidth("abc", 2), 34);
  EXPECT_EQ(TextHeight(2), 18);
  EXPECT_EQ(TextLengthThatFits(34, 2), 3);
  EXPECT_EQ(TextLengthThatFits(33, 2), 2);
  EXPECT_EQ(TextLengthThatFits(0, 2), 0);
  EXPECT_EQ(TextLengthThatFits(-20, 2), 0);
}

TEST(TextTest, OutsideIsCutOff) {
  Image image(4, 4);
  DrawText("HHH", -1, -1, 1, kInk, &image);
  EXPECT_EQ(Art(image),
            "...#\n"
            "...#\n"
            "####\n"
            "...#\n");
}

}  // namespace
}  // namespace fcis
