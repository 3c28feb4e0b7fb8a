#include "fcis/eval/eval_flags.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(EvalFlagsTest, Lists) {
  EXPECT_THAT(*ParseThresholds("0.5,1,0"), ElementsAre(.5, 1, 0));
  EXPECT_THAT(*ParseMaxDets("100,1"), ElementsAre(100, 1));
  const auto ranges = ParseAreaRanges("all:0:1e10,tiny:1.5:2");
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  ASSERT_EQ(ranges->size(), 2u);
  EXPECT_EQ((*ranges)[0].high, 1e10);
  EXPECT_EQ((*ranges)[1].label, "tiny");
  EXPECT_EQ((*ranges)[1].low, 1.5);
  EXPECT_THAT(
      ParseIds("7,-3,\"7\",cat"),
      ElementsAre(data::RecordId(int64_t{7}), data::RecordId(int64_t{-3}),
                  data::RecordId(absl::string_view("7")),
                  data::RecordId(absl::string_view("cat"))));
}

TEST(EvalFlagsTest, BadListsNameTheItem) {
  EXPECT_THAT(std::string(ParseThresholds("0.5,2").status().message()),
              HasSubstr("\"2\""));
  EXPECT_THAT(std::string(ParseThresholds("0.5,").status().message()),
              HasSubstr("\"\""));
  EXPECT_THAT(std::string(ParseMaxDets("0").status().message()),
              HasSubstr("above 0"));
  for (const char* bad : {"all", "all:0", "all:2:1", ":0:1", "a:x:1"}) {
    EXPECT_THAT(std::string(ParseAreaRanges(bad).status().message()),
                HasSubstr("name:low:high"))
        << bad;
  }
  std::string many = "r:0:1";
  for (int i = 0; i < kMaxAreaRanges; ++i) many += ",r:0:1";
  EXPECT_THAT(std::string(ParseAreaRanges(many).status().message()),
              HasSubstr("at most 32"));
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
