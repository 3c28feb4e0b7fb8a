#include "fcis/model/cli/model_flags.h"

#include "absl/flags/reflection.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

class ModelFlagsTest : public ::testing::Test {
 protected:
  void Set(const std::vector<std::string>& args) {
    ASSERT_TRUE(ParseFlags(args, {}).ok());
  }

  void ExpectBad(const std::string& arg, const std::string& text) {
    absl::FlagSaver saver;
    Set({arg});
    const absl::Status status = CheckModelFlags();
    EXPECT_EQ(ExitCode(status), kExitUsage) << arg;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }

 private:
  absl::FlagSaver saver_;
};

TEST_F(ModelFlagsTest, NoFlagKeepsTheModelsValues) {
  ModelConfig config;
  config.mutable_postprocess()->set_min_drop_size(16);
  config.mutable_head()->set_psroi_rounding(HeadConfig::NONE);
  const std::string before = config.SerializeAsString();
  EXPECT_TRUE(CheckModelFlags().ok());
  ASSERT_TRUE(ApplyModelFlags(&config).ok());
  config.clear_input();  // may have come to be, without values
  EXPECT_EQ(config.SerializeAsString(), before);
}

// A converted model scores with them too; its score for scoring is its own.
TEST_F(ModelFlagsTest, ScoringFollows) {
  Set({"--score_thresh=0.11", "--min_drop_size=5.5"});
  ModelConfig config;
  config.mutable_scoring()->set_score_thresh(0.02);
  config.mutable_scoring()->set_min_drop_size(2);
  ASSERT_TRUE(ApplyModelFlags(&config).ok());
  EXPECT_EQ(config.scoring().score_thresh(), 0.02);
  EXPECT_EQ(config.scoring().min_drop_size(), 5.5f);
}

TEST_F(ModelFlagsTest, EveryFlagReachesItsField) {
  Set({"--score_thresh=0.11", "--nms_thresh=0.22", "--mask_merge_thresh=0.33",
       "--binary_thresh=0.44", "--min_drop_size=5.5", "--noiter2",
       "--mask_voting=false", "--min_size=100", "--max_size=200",
       "--psroi_rounding=round_then_scale_inclusive"});
  EXPECT_TRUE(CheckModelFlags().ok());
  ModelConfig config;
  ASSERT_TRUE(ApplyModelFlags(&config).ok());
  EXPECT_EQ(config.postprocess().score_thresh(), 0.11);
  EXPECT_EQ(config.postprocess().nms_thresh(), 0.22);
  EXPECT_EQ(config.postprocess().mask_merge_thresh(), 0.33);
  EXPECT_EQ(config.postprocess().binary_thresh(), 0.44);
  EXPECT_EQ(config.postprocess().min_drop_size(), 5.5f);
  EXPECT_FALSE(config.postprocess().iter2());
  EXPECT_FALSE(config.postprocess().mask_voting());
  EXPECT_EQ(config.input().min_size(), 100);
  EXPECT_EQ(config.input().max_size(), 200);
  EXPECT_EQ(config.head().psroi_rounding(),
            HeadConfig::ROUND_THEN_SCALE_INCLUSIVE);
}

TEST_F(ModelFlagsTest, ValuesOutOfRange) {
  ExpectBad("--score_thresh=1.5", "--score_thresh=1.5: expected 0 to 1");
  ExpectBad("--nms_thresh=nan", "--nms_thresh");
  ExpectBad("--mask_merge_thresh=-1", "--mask_merge_thresh");
  ExpectBad("--binary_thresh=2", "--binary_thresh");
  ExpectBad("--min_drop_size=-1", "--min_drop_size");
  ExpectBad("--min_size=0", "--min_size=0");
  ExpectBad("--max_size=70000", "--max_size=70000");
  ExpectBad("--psroi_rounding=nome", "did you mean none?");
}

TEST_F(ModelFlagsTest, SizesThatContradictTheModels) {
  Set({"--max_size=500"});
  ModelConfig config;
  const absl::Status status = ApplyModelFlags(&config);
  EXPECT_EQ(ExitCode(status), kExitUsage);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--min_size, 600"));
}

TEST_F(ModelFlagsTest, NamesAreFlags) {
  for (const std::string& name : ModelFlagNames()) {
    EXPECT_EQ(OwnFlags().count(name), 1u) << name;
  }
  EXPECT_EQ(ModelFlagNames().size(), OwnFlags().size());
}

}  // namespace
}  // namespace fcis::model
