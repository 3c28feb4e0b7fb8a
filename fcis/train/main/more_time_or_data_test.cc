#include "fcis/train/main/more_time_or_data.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::StartsWith;

std::string OfLog(const std::string& log) {
  const std::string directory = ::testing::TempDir();
  EXPECT_TRUE(WriteFileAtomic(directory + "/log.jsonl", log).ok());
  return MoreTimeOrMoreData(directory);
}

// 300 iterations, validated every 25th, but at most so often.
template <typename Ap, typename Loss>
std::string Of(const Ap& ap, const Loss& loss, int validations = 12) {
  std::string log;
  for (int i = 1; i <= 300; ++i) {
    absl::StrAppend(&log, "{\"iteration\": ", i,
                    ", \"loss\": ", loss(i / 300.0), ", \"lr\": 1e-4}\n");
    if (i % 25 != 0 || validations-- <= 0) continue;
    absl::StrAppend(&log, "{\"iteration\": ", i,
                    ", \"validation_ap\": ", ap(i / 300.0), "}\n");
  }
  return OfLog(log);
}

const auto kRising = [](double t) { return .5 * t; };
const auto kSettled = [](double t) { return std::min(.5, 2 * t); };
const auto kFalling = [](double t) { return 3 - 2 * t; };
const auto kFlat = [](double t) { return 1 + std::exp(-20 * t); };

constexpr char kMoreTime[] = "More time would help (--minutes): ";
constexpr char kMoreData[] =
    "More photographs would help, more time would not: ";
constexpr char kNeither[] =
    "More time would not help, the run has settled; other photographs, or "
    "objects that were not labelled, may: ";

TEST(MoreTimeOrDataTest, FollowsFromTheCurves) {
  EXPECT_THAT(Of(kRising, kFalling), StartsWith(kMoreTime));
  EXPECT_THAT(Of(kRising, kFlat), StartsWith(kMoreTime));
  EXPECT_THAT(Of(kSettled, kFalling), StartsWith(kMoreData));
  EXPECT_THAT(Of(kSettled, kFlat), StartsWith(kNeither));
  const auto overfits = [](double t) { return .5 - std::abs(t - .5); };
  EXPECT_THAT(Of(overfits, kFalling), StartsWith(kMoreData));
  const auto noisy = [](double t) {
    return .5 + (std::lround(12 * t) % 2 == 0 ? .03 : -.03);
  };
  EXPECT_THAT(Of(noisy, kFlat), StartsWith(kNeither));
}

TEST(MoreTimeOrDataTest, SaysNothingOfWhatIsShortOrLearntNothing) {
  EXPECT_EQ(Of([](double) { return .001; }, kFalling), "");
  EXPECT_EQ(Of(kRising, kFalling, 5), "");
  EXPECT_NE(Of(kRising, kFalling, 6), "");
  EXPECT_EQ(OfLog(""), "");
  EXPECT_EQ(MoreTimeOrMoreData(::testing::TempDir() + "/none"), "");
}

TEST(MoreTimeOrDataTest, TheLineHasTheNumbers) {
  std::string log;
  for (int i = 1; i <= 9; ++i) {
    absl::StrAppend(&log, "{\"iteration\": ", i, ", \"loss\": ", 10 - i,
                    "}\n{\"iteration\": ", i, ", \"loss\": null}\n",
                    "{\"iteration\": ", i, ", \"validation_ap\": 0.5}\n");
  }
  EXPECT_EQ(OfLog(log),
            "More photographs would help, more time would not: in the last "
            "third of the run validation AP was 0.500 on average, before it "
            "0.500; the loss 2.000, before 5.000");
  EXPECT_EQ(OfLog(log + "[1]\n"), "");
}

}  // namespace
}  // namespace fcis::train
