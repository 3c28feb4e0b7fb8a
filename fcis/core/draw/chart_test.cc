#include "fcis/core/draw/chart.h"

#include <cstdio>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ChartAxis Logarithmic(double low, double high) {
  ChartAxis axis;
  axis.low = low;
  axis.high = high;
  axis.logarithmic = true;
  return axis;
}

// Of the first circle.
std::pair<double, double> CircleOf(const std::string& svg) {
  double x = 0, y = 0;
  const size_t at = svg.find("<circle ");
  if (at == std::string::npos) return {0, 0};
  std::sscanf(svg.c_str() + at, "<circle cx=\"%lf\" cy=\"%lf\"", &x, &y);
  return {x, y};
}

std::pair<double, double> PlaceOf(double x, double y) {
  Chart chart(Logarithmic(0.1, 1000), Logarithmic(1, 100));
  chart.AddPoints("layers", {{x, y, "7", "seventh"}});
  return CircleOf(chart.Svg());
}

TEST(ChartTest, EqualFactorsAreEqualWays) {
  const auto [x0, y0] = PlaceOf(0.1, 1);
  const auto [x1, y1] = PlaceOf(1, 10);
  const auto [x2, y2] = PlaceOf(10, 100);
  EXPECT_DOUBLE_EQ(x1 - x0, 720 / 4);
  EXPECT_DOUBLE_EQ(x2 - x1, 720 / 4);
  EXPECT_DOUBLE_EQ(y0 - y1, 400 / 2);
  EXPECT_DOUBLE_EQ(y1 - y2, 400 / 2);
}

TEST(ChartTest, WritesMarksHintsNamesAndTitles) {
  ChartAxis y = Logarithmic(1, 100);
  y.title = "GFLOP/s";
  Chart chart(Logarithmic(0.1, 1000), y);
  chart.AddPoints("layers", {{1, 10, "7", "seventh"}});
  const std::string svg = chart.Svg();
  for (const char* part :
       {">7</text>", "<title>seventh</title>", ">layers</text>",
        ">GFLOP/s</text>", ">500</text>", ">0.2</text>", "</svg>"}) {
    EXPECT_THAT(svg, HasSubstr(part));
  }
  EXPECT_THAT(svg, Not(HasSubstr("polyline")));
}

TEST(ChartTest, TheAxisAtTheRightIsItsLinesOnly) {
  ChartAxis right;
  right.decimals = 1;
  ChartAxis wide;
  wide.high = 10;
  Chart chart(wide, wide, right);
  chart.AddLine("left", {{0, 1}});
  chart.AddRightLine("right", {{0, 1}});
  const std::string svg = chart.Svg();
  EXPECT_THAT(svg, HasSubstr("points=\"56.0,376.0 \""));
  EXPECT_THAT(svg, HasSubstr("points=\"56.0,16.0 \""));
  EXPECT_THAT(svg, HasSubstr(">0.2</text>"));
}

TEST(ChartTest, EachNameHasItsColor) {
  Chart chart(Logarithmic(1, 10), Logarithmic(1, 10));
  for (const char* name : {"a", "b"}) chart.AddLine(name, {{1, 1}});
  EXPECT_THAT(chart.Svg(), HasSubstr("stroke=\"#1b6ca8\" stroke-width=\"1.6"));
  EXPECT_THAT(chart.Svg(), HasSubstr("stroke=\"#c8553d\" stroke-width=\"1.6"));
}

}  // namespace
}  // namespace fcis
