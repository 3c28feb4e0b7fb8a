#include "fcis/eval/eval_flags.h"

#include "absl/flags/reflection.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<EvalOptions> Options(const std::vector<std::string>& flags) {
  absl::FlagSaver saver;
  EXPECT_TRUE(ParseFlags(flags, {}).ok());
  return EvalOptionsFromFlags();
}

void ExpectUsageError(const std::string& flag, const std::string& text) {
  const absl::Status status = Options({flag}).status();
  EXPECT_EQ(ExitCode(status), kExitUsage) << flag;
  EXPECT_THAT(std::string(status.message()), HasSubstr(text));
}

TEST(EvalFlagsTest, Lists) {
  const auto options = Options({"--iou_thresholds=0.5,1,0", "--max_dets=100,1",
                                "--area_ranges=all:0:1e10,tiny:1.5:2",
                                "--image_ids=7,-3,\"7\",cat"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->iou_thresholds, ElementsAre(.5, 1, 0));
  EXPECT_THAT(options->max_dets, ElementsAre(100, 1));
  ASSERT_EQ(options->area_ranges.size(), 2u);
  EXPECT_EQ(options->area_ranges[0].high, 1e10);
  EXPECT_EQ(options->area_ranges[1].label, "tiny");
  EXPECT_EQ(options->area_ranges[1].low, 1.5);
  EXPECT_THAT(
      options->image_ids,
      ElementsAre(data::RecordId(int64_t{7}), data::RecordId(int64_t{-3}),
                  data::RecordId(absl::string_view("7")),
                  data::RecordId(absl::string_view("cat"))));
  EXPECT_TRUE(options->category_ids.empty());
}

TEST(EvalFlagsTest, BadListsNameFlagAndItem) {
  ExpectUsageError("--iou_thresholds=0.5,2", "--iou_thresholds: \"2\"");
  ExpectUsageError("--iou_thresholds=0.5,", "\"\"");
  ExpectUsageError("--max_dets=0", "above 0");
  for (const char* bad : {"all", "all:0", "all:2:1", ":0:1", "a:x:1"}) {
    ExpectUsageError(absl::StrCat("--area_ranges=", bad), "name:low:high");
  }
  std::string many = "--area_ranges=r:0:1";
  for (int i = 0; i < kMaxAreaRanges; ++i) many += ",r:0:1";
  ExpectUsageError(many, "at most 32");
}

TEST(EvalFlagsTest, DefaultsAreCocoEvals) {
  const auto options = EvalOptionsFromFlags();
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->iou_thresholds.size(), 10u);
  EXPECT_EQ(options->recall_thresholds.size(), 101u);
  EXPECT_THAT(options->max_dets, ElementsAre(1, 10, 100));
  EXPECT_EQ(options->area_ranges.size(), 4u);
  EXPECT_FALSE(options->class_agnostic);
}

}  // namespace
}  // namespace fcis::eval
