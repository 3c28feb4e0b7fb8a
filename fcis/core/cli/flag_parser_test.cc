#include "fcis/core/cli/flag_parser.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::string, data_dir, "", "text");
ABSL_FLAG(std::optional<int>, gpu, std::nullopt, "integer");
ABSL_FLAG(double, score_thresh, 0.5, "number");
ABSL_FLAG(bool, iter2, true, "boolean");
ABSL_FLAG(bool, save_json, false, "boolean");

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FlagParserTest : public ::testing::Test {
 protected:
  absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& args) {
    return ParseFlags(args, {{'d', "data_dir"}, {'j', "save_json"}});
  }

  void ExpectUsageError(const std::vector<std::string>& args,
                        const std::string& text) {
    const absl::Status status = Parse(args).status();
    EXPECT_EQ(ExitCode(status), kExitUsage) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }

 private:
  absl::FlagSaver saver_;
};

TEST_F(FlagParserTest, HyphensAndUnderscoresAreTheSame) {
  ASSERT_TRUE(Parse({"--data-dir=/a-b"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "/a-b");
  ASSERT_TRUE(Parse({"--data_dir", "/c-d"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "/c-d");
}

TEST_F(FlagParserTest, KnowsWhichWereGiven) {
  ASSERT_TRUE(Parse({"--score_thresh=0.5", "-d", "x"}).ok());
  EXPECT_TRUE(FlagWasGiven("score_thresh"));
  EXPECT_TRUE(FlagWasGiven("data_dir"));
  EXPECT_FALSE(FlagWasGiven("never_given"));
}

TEST_F(FlagParserTest, ShortFlags) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"-d", "x"}, {"-dx"}, {"-d=x"}, {"-data-dir", "x"}}) {
    absl::SetFlag(&FLAGS_data_dir, "");
    ASSERT_TRUE(Parse(args).ok());
    EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "x");
  }
  ASSERT_TRUE(Parse({"-j"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_save_json));
}

TEST_F(FlagParserTest, NegativeValueAsItsOwnArgument) {
  ASSERT_TRUE(Parse({"--gpu", "-1"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_gpu), -1);
}

TEST_F(FlagParserTest, Booleans) {
  ASSERT_TRUE(Parse({"--noiter2", "--save-json"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_iter2));
  EXPECT_TRUE(absl::GetFlag(FLAGS_save_json));
  ASSERT_TRUE(Parse({"--iter2=True", "--no-save-json"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_iter2));
  EXPECT_FALSE(absl::GetFlag(FLAGS_save_json));
}

TEST_F(FlagParserTest, ArgumentsKeepTheirOrder) {
  const absl::StatusOr<CommandLine> line =
      Parse({"a.jpg", "--gpu", "0", "-", "b.jpg", "--", "--gpu", "-x"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments,
              ElementsAre("a.jpg", "-", "b.jpg", "--gpu", "-x"));
}

TEST_F(FlagParserTest, LastWins) {
  ASSERT_TRUE(Parse({"--score_thresh=0.1", "--score_thresh=0.2"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_score_thresh), 0.2);
}

TEST_F(FlagParserTest, UnknownFlagSuggests) {
  ExpectUsageError({"--score_tresh=1"},
                   "unknown flag --score_tresh; did you mean --score_thresh?");
  ExpectUsageError({"-x"}, "unknown flag -x");
  ExpectUsageError({"--hlep"}, "--help");
  ExpectUsageError({"--nogpu"}, "unknown flag --nogpu");
  // Flags of libraries are not ours.
  ExpectUsageError({"--flagfile=x"}, "unknown flag --flagfile");
}

TEST_F(FlagParserTest, BadValues) {
  ExpectUsageError({"--score_thresh=high"},
                   "--score_thresh=high: expected <number>");
  ExpectUsageError({"--gpu", "1.5"}, "--gpu=1.5: expected <integer>");
  ExpectUsageError({"--iter2=maybe"}, "--iter2=maybe: expected true or false");
}

TEST_F(FlagParserTest, MissingValues) {
  ExpectUsageError({"--data-dir"}, "--data_dir needs a value: <text>");
  ExpectUsageError({"--data-dir", "--save-json"}, "--data_dir needs a value");
}

TEST_F(FlagParserTest, HelpAndVersionWin) {
  absl::StatusOr<CommandLine> line = Parse({"--bogus", "--help"});
  ASSERT_TRUE(line.ok());
  EXPECT_TRUE(line->help);
  line = Parse({"-h"});
  ASSERT_TRUE(line.ok());
  EXPECT_TRUE(line->help);
  line = Parse({"--version"});
  ASSERT_TRUE(line.ok());
  EXPECT_TRUE(line->version);
  line = Parse({"--", "--help"});
  ASSERT_TRUE(line.ok());
  EXPECT_FALSE(line->help);
}

}  // namespace
}  // namespace fcis
