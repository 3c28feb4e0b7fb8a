#include "fcis/core/cli/flag_parser.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::string, some_text, "", "text");
ABSL_FLAG(std::optional<int>, an_integer, std::nullopt, "integer");
ABSL_FLAG(double, some_number, 0.5, "number");
ABSL_FLAG(bool, starts_on, true, "boolean");
ABSL_FLAG(bool, starts_off, false, "boolean");

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FlagParserTest : public ::testing::Test {
 protected:
  absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& args) {
    return ParseFlags(args, {{'d', "some_text"}, {'j', "starts_off"}});
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
  ASSERT_TRUE(Parse({"--some-text=/a-b"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_some_text), "/a-b");
  ASSERT_TRUE(Parse({"--some_text", "/c-d"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_some_text), "/c-d");
}

TEST_F(FlagParserTest, KnowsWhichWereGiven) {
  ASSERT_TRUE(Parse({"--some_number=0.5", "-d", "x"}).ok());
  EXPECT_TRUE(FlagWasGiven("some_number"));
  EXPECT_TRUE(FlagWasGiven("some_text"));
  EXPECT_FALSE(FlagWasGiven("never_given"));
}

TEST_F(FlagParserTest, ShortFlags) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"-d", "x"}, {"-dx"}, {"-d=x"}, {"-some-text", "x"}}) {
    absl::SetFlag(&FLAGS_some_text, "");
    ASSERT_TRUE(Parse(args).ok());
    EXPECT_EQ(absl::GetFlag(FLAGS_some_text), "x");
  }
  ASSERT_TRUE(Parse({"-j"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_starts_off));
}

TEST_F(FlagParserTest, NegativeValueAsItsOwnArgument) {
  ASSERT_TRUE(Parse({"--an_integer", "-1"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_an_integer), -1);
}

TEST_F(FlagParserTest, Booleans) {
  ASSERT_TRUE(Parse({"--nostarts_on", "--starts-off"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_starts_on));
  EXPECT_TRUE(absl::GetFlag(FLAGS_starts_off));
  ASSERT_TRUE(Parse({"--starts_on=True", "--no-starts-off"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_starts_on));
  EXPECT_FALSE(absl::GetFlag(FLAGS_starts_off));
}

TEST_F(FlagParserTest, ArgumentsKeepTheirOrder) {
  const absl::StatusOr<CommandLine> line = Parse(
      {"a.jpg", "--an_integer", "0", "-", "b.jpg", "--", "--an_integer", "-x"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments,
              ElementsAre("a.jpg", "-", "b.jpg", "--an_integer", "-x"));
}

TEST_F(FlagParserTest, LastWins) {
  ASSERT_TRUE(Parse({"--some_number=0.1", "--some_number=0.2"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_some_number), 0.2);
}

TEST_F(FlagParserTest, UnknownFlagSuggests) {
  ExpectUsageError({"--some_nmber=1"},
                   "unknown flag --some_nmber; did you mean --some_number?");
  ExpectUsageError({"-x"}, "unknown flag -x");
  ExpectUsageError({"--hlep"}, "--help");
  ExpectUsageError({"--noan_integer"}, "unknown flag --noan_integer");
  // Flags of libraries are not ours.
  ExpectUsageError({"--flagfile=x"}, "unknown flag --flagfile");
}

TEST_F(FlagParserTest, FlagsOfOtherProgramsAreUnknown) {
  FlagMap flags = OwnFlags();
  flags.erase("some_text");
  EXPECT_EQ(ExitCode(ParseFlags({"--some_text=x"}, {}, flags).status()),
            kExitUsage);
  EXPECT_TRUE(ParseFlags({"--some_number=1"}, {}, flags).ok());
}

TEST_F(FlagParserTest, BadValues) {
  ExpectUsageError({"--some_number=high"},
                   "--some_number=high: expected <number>");
  ExpectUsageError({"--an_integer", "1.5"},
                   "--an_integer=1.5: expected <integer>");
  ExpectUsageError({"--starts_on=maybe"},
                   "--starts_on=maybe: expected true or false");
}

TEST_F(FlagParserTest, MissingValues) {
  ExpectUsageError({"--some-text"}, "--some_text needs a value: <text>");
  ExpectUsageError({"--some-text", "--starts-off"},
                   "--some_text needs a value");
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
