#include "fcis/train/run/loss_chart.h"

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ChartOf(const std::vector<std::string>& lines) {
  LogTable table(100);
  for (const std::string& line : lines) EXPECT_TRUE(table.Add(line)) << line;
  return LossChart(table);
}

std::string Loss(int iteration, double loss) {
  return absl::StrCat("{\"iteration\":", iteration, ",\"loss\":", loss, "}");
}

// x and y, as they are written, of the line that was drawn first.
std::vector<std::string> FirstLine(const std::string& svg) {
  const size_t begin = svg.find("points=\"") + 8;
  return absl::StrSplit(svg.substr(begin, svg.find('"', begin) - begin), ' ',
                        absl::SkipEmpty());
}

TEST(LossChartTest, DrawsLossesOnly) {
  const std::string svg =
      ChartOf({R"({"iteration":1,"lr":0.1,"loss":4,"mask_loss":2.5})",
               R"({"iteration":2,"lr":0.1,"loss":2,"mask_loss":1})"});
  EXPECT_THAT(svg, HasSubstr(">mask_loss</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(">lr</text>")));
  EXPECT_EQ(FirstLine(svg).size(), 2u);
}

TEST(LossChartTest, HalvingFallsBySameHeight) {
  const std::vector<std::string> line =
      FirstLine(ChartOf({Loss(1, 8), Loss(2, 4), Loss(3, 2)}));
  ASSERT_EQ(line.size(), 3u);
  double x[3], y[3];
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(std::sscanf(line[i].c_str(), "%lf,%lf", &x[i], &y[i]), 2);
  }
  // Written with one decimal.
  EXPECT_NEAR(y[1] - y[0], y[2] - y[1], 0.2);
  EXPECT_GT(y[1], y[0] + 10);
}

TEST(LossChartTest, ValidationsHaveAnAxisOfTheirOwn) {
  const std::string svg = ChartOf(
      {R"({"iteration":2,"validation_ap":0.0,"validation_ap50":0.5})",
       R"({"iteration":4,"validation_ap":1.0})", Loss(1, 800), Loss(4, 200)});
  EXPECT_THAT(svg, HasSubstr(">500</text>"));
  EXPECT_THAT(svg, HasSubstr(">1.0</text>"));
  // From the bottom to the top; the last iteration is at the right.
  EXPECT_THAT(svg, HasSubstr("points=\"416.0,416.0 776.0,16.0 \""));
  EXPECT_THAT(svg, HasSubstr("points=\"416.0,216.0 \""));
  EXPECT_THAT(svg, HasSubstr(">validation_ap50</text>"));
  EXPECT_THAT(ChartOf({Loss(1, 800)}), Not(HasSubstr(">1.0</text>")));
}

TEST(LossChartTest, LongRunsBecomeMeans) {
  LogTable table(100);
  for (int i = 1; i <= 1000; ++i) table.Add(Loss(i, i % 2 + .5));
  const std::vector<std::string> line = FirstLine(LossChart(table));
  EXPECT_EQ(line.size(), 125u);
  EXPECT_EQ(line.front(), "61.8,216.0");
  EXPECT_EQ(line.back(), "776.0,216.0");
}

TEST(LossChartTest, EmptyRunsAndCells) {
  EXPECT_THAT(ChartOf({}), HasSubstr("</svg>"));
  EXPECT_THAT(ChartOf({R"({"iteration":1,"lr":0.1})"}),
              Not(HasSubstr("points")));
  EXPECT_THAT(ChartOf({R"({"iteration":1,"loss":null})", Loss(2, 0),
                       R"({"iteration":3,"loss":1e999})"}),
              HasSubstr("points=\"\""));
}

}  // namespace
}  // namespace fcis::train
