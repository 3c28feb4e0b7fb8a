#include "fcis/train/run/loss_chart.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t PointsOfFirstLine(const std::string& svg) {
  const size_t begin = svg.find("points=\"") + 8;
  return absl::StrSplit(svg.substr(begin, svg.find('"', begin) - begin), ' ',
                        absl::SkipEmpty())
      .
      operator std::vector<std::string>()
      .size();
}

TEST(LossChartTest, DrawsLossesOnly) {
  const auto svg =
      LossChart("iteration,lr,loss,mask_loss\n1,0.1,4,2.5\n2,0.1,2,1\n");
  ASSERT_TRUE(svg.ok()) << svg.status();
  EXPECT_THAT(*svg, HasSubstr(">mask_loss</text>"));
  EXPECT_THAT(*svg, Not(HasSubstr(">lr</text>")));
  EXPECT_EQ(PointsOfFirstLine(*svg), 2);
}

TEST(LossChartTest, HalvingFallsBySameHeight) {
  const auto svg = LossChart("iteration,loss\n1,8\n2,4\n3,2\n");
  ASSERT_TRUE(svg.ok()) << svg.status();
  const size_t begin = svg->find("points=\"") + 8;
  double x[3], y[3];
  ASSERT_EQ(std::sscanf(svg->c_str() + begin, "%lf,%lf %lf,%lf %lf,%lf", &x[0],
                        &y[0], &x[1], &y[1], &x[2], &y[2]),
            6);
  // Written with one decimal.
  EXPECT_NEAR(y[1] - y[0], y[2] - y[1], 0.2);
  EXPECT_GT(y[1], y[0] + 10);
}

TEST(LossChartTest, ValidationsHaveAnAxisOfTheirOwn) {
  const auto svg = LossChart(
      "iteration,validation_ap,loss\n1,,800\n2,,500\n2,0.0,\n4,,200\n4,1.0,\n");
  ASSERT_TRUE(svg.ok()) << svg.status();
  const size_t begin = svg->find("points=\"") + 8;
  double x[2], y[2];
  ASSERT_EQ(std::sscanf(svg->c_str() + begin, "%lf,%lf %lf,%lf", &x[0], &y[0],
                        &x[1], &y[1]),
            4);
  EXPECT_EQ(y[0] - y[1], 400);  // from the bottom to the top
  EXPECT_EQ(x[1] - 56, 720);    // at the last iteration
  EXPECT_THAT(*svg, HasSubstr(">1.0</text>"));
  EXPECT_THAT(*svg, HasSubstr(">500</text>"));
  EXPECT_THAT(*LossChart("iteration,loss\n1,800\n"),
              Not(HasSubstr(">1.0</text>")));
}

TEST(LossChartTest, LongRunsBecomeMeans) {
  std::string csv = "iteration,loss\n";
  for (int i = 1; i <= 1000; ++i) absl::StrAppend(&csv, i, ",", i % 2, ".5\n");
  const auto svg = LossChart(csv);
  ASSERT_TRUE(svg.ok()) << svg.status();
  EXPECT_EQ(PointsOfFirstLine(*svg), 200);
}

TEST(LossChartTest, EmptyRunsAndCells) {
  for (const char* csv : {"iteration,loss\n", "iteration,lr\n1,0.1\n",
                          "iteration,loss\n1,\n2,0.0\n"}) {
    EXPECT_TRUE(LossChart(csv).ok()) << csv;
  }
}

TEST(LossChartTest, RefusesWhatIsNoLog) {
  EXPECT_FALSE(LossChart("").ok());
  EXPECT_THAT(
      std::string(LossChart("iteration,loss\n1,4\n2\n").status().message()),
      HasSubstr("found '2'"));
  EXPECT_FALSE(LossChart("iteration,loss\n1,many\n").ok());
}

TEST(LossChartTest, WritesBesideTheLog) {
  const std::string directory = ::testing::TempDir();
  ASSERT_TRUE(
      WriteFileAtomic(directory + "/log.csv", "iteration,loss\n1,4\n").ok());
  ASSERT_TRUE(WriteLossChart(directory).ok());
  EXPECT_THAT(*ReadFile(directory + "/losses.svg"), HasSubstr("</svg>"));
  ASSERT_TRUE(WriteFileAtomic(directory + "/log.csv", "").ok());
  EXPECT_THAT(std::string(WriteLossChart(directory).message()),
              HasSubstr("log.csv"));
}

}  // namespace
}  // namespace fcis::train
