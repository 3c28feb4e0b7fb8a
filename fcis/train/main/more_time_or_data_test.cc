#include "fcis/train/main/more_time_or_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;

// 300 iterations, validated every 25th.
template <typename Ap, typename Loss>
RunCurves Curves(const Ap& ap, const Loss& loss) {
  RunCurves curves;
  for (int i = 1; i <= 300; ++i) {
    curves.loss.emplace_back(i, loss(i / 300.0));
    if (i % 25 == 0) curves.validation_ap.emplace_back(i, ap(i / 300.0));
  }
  return curves;
}

const auto kRising = [](double t) { return .5 * t; };
const auto kSettled = [](double t) { return std::min(.5, 2 * t); };
const auto kFalling = [](double t) { return 3 - 2 * t; };
const auto kFlat = [](double t) { return 1 + std::exp(-20 * t); };

TEST(MoreTimeOrDataTest, FollowsFromTheCurves) {
  EXPECT_EQ(WhatWouldHelp(Curves(kRising, kFalling)), Improvement::kMoreTime);
  EXPECT_EQ(WhatWouldHelp(Curves(kRising, kFlat)), Improvement::kMoreTime);
  EXPECT_EQ(WhatWouldHelp(Curves(kSettled, kFalling)), Improvement::kMoreData);
  EXPECT_EQ(WhatWouldHelp(Curves(kSettled, kFlat)), Improvement::kNeither);
  const auto overfits = [](double t) { return .5 - std::abs(t - .5); };
  EXPECT_EQ(WhatWouldHelp(Curves(overfits, kFalling)), Improvement::kMoreData);
  const auto noisy = [](double t) {
    return .5 + (std::lround(12 * t) % 2 == 0 ? .03 : -.03);
  };
  EXPECT_EQ(WhatWouldHelp(Curves(noisy, kFlat)), Improvement::kNeither);
}

TEST(MoreTimeOrDataTest, SaysNothingOfWhatIsShortOrLearntNothing) {
  EXPECT_EQ(WhatWouldHelp(Curves([](double) { return .001; }, kFalling)),
            Improvement::kUnknown);
  RunCurves five = Curves(kRising, kFalling);
  five.validation_ap.resize(5);
  EXPECT_EQ(WhatWouldHelp(five), Improvement::kUnknown);
  EXPECT_EQ(WhatWouldHelp({}), Improvement::kUnknown);
}

TEST(MoreTimeOrDataTest, ReadsTheLog) {
  const auto curves = ReadRunCurves(
      "{\"iteration\": 1, \"loss\": 2.5, \"lr\": 1e-4}\n"
      "{\"iteration\": 2, \"loss\": null}\n"
      "{\"iteration\": 2, \"validation_ap\": 0.25}\n");
  ASSERT_TRUE(curves.ok()) << curves.status();
  EXPECT_THAT(curves->loss, testing::ElementsAre(Pair(1, 2.5)));
  EXPECT_THAT(curves->validation_ap, testing::ElementsAre(Pair(2, .25)));
  EXPECT_FALSE(ReadRunCurves("[1]\n").ok());
}

TEST(MoreTimeOrDataTest, TheLineHasTheNumbers) {
  const std::string directory =
      (std::filesystem::path(testing::TempDir()) / "run").string();
  std::filesystem::create_directories(directory);
  EXPECT_EQ(MoreTimeOrMoreData(directory + "/none"), "");
  std::string log;
  for (int i = 1; i <= 9; ++i) {
    absl::StrAppend(&log, "{\"iteration\": ", i, ", \"loss\": ", 10 - i,
                    "}\n{\"iteration\": ", i, ", \"validation_ap\": 0.5}\n");
  }
  ASSERT_TRUE(WriteFileAtomic(directory + "/log.jsonl", log).ok());
  EXPECT_EQ(MoreTimeOrMoreData(directory),
            "More photographs would help, more time would not: in the last "
            "third of the run validation AP was 0.500 on average, before it "
            "0.500; the loss 2.000, before 5.000");
}

}  // namespace
}  // namespace fcis::train
