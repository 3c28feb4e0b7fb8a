#include "fcis/core/mask/erode_line.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

// Between pixels of the line stand others, which are left alone.
std::string Eroded(const std::string& line, int64_t stride, int64_t reach) {
  const auto n = static_cast<int64_t>(line.size());
  std::vector<uint8_t> pixels(line.size() * static_cast<size_t>(stride), 1);
  std::vector<uint8_t> eroded(pixels.size(), 7);
  for (int64_t i = 0; i < n; ++i) {
    pixels[static_cast<size_t>(i * stride)] =
        line[static_cast<size_t>(i)] == '#';
  }
  ErodeLine(pixels.data(), eroded.data(), n, stride, reach);
  std::string result;
  for (size_t i = 0; i < eroded.size(); ++i) {
    if (i % static_cast<size_t>(stride) != 0) {
      EXPECT_EQ(eroded[i], 7);
    } else {
      result += eroded[i] == 1 ? '#' : eroded[i] == 0 ? '.' : '?';
    }
  }
  return result;
}

TEST(ErodeLineTest, KeepsWhatIsFarInside) {
  for (const int64_t stride : {1, 3}) {
    EXPECT_EQ(Eroded(".###.#####.", stride, 1), "..#...###..");
    EXPECT_EQ(Eroded(".###.#####.", stride, 2), ".......#...");
    EXPECT_EQ(Eroded(".###.#####.", stride, 0), ".###.#####.");
  }
}

TEST(ErodeLineTest, TheEndsAreOutside) {
  EXPECT_EQ(Eroded("#####", 1, 1), ".###.");
  EXPECT_EQ(Eroded("#####", 2, 2), "..#..");
  EXPECT_EQ(Eroded("#####", 2, 3), ".....");
  EXPECT_EQ(Eroded("###", 1, 100), "...");
  EXPECT_EQ(Eroded("", 1, 2), "");
}

}  // namespace
}  // namespace fcis
