#include "fcis/train/launch/launch_command.h"

#include <unistd.h>

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

TEST(MpiCommand, OneProcessNeedsNoMpiexec) {
  EXPECT_THAT(MpiCommand({}, {"train", "-o", "x"}),
              ElementsAre("train", "-o", "x"));
}

TEST(MpiCommand, SeveralDo) {
  MpiOptions options;
  options.processes = 3;
  options.kill_delay = absl::Seconds(7);
  options.extra = {"--tag-output"};
  unsetenv("BUILD_WORKING_DIRECTORY");
  const std::string text = ShellText(MpiCommand(options, {"train", "a b"}));
  EXPECT_THAT(text, HasSubstr("mpiexec -n 3 "));
  EXPECT_THAT(text, HasSubstr(" --oversubscribe --bind-to none "));
  EXPECT_THAT(text, HasSubstr(" --mca odls_base_sigkill_timeout 7 "
                              "--tag-output train 'a b'"));
  EXPECT_EQ(geteuid() == 0,
            text.find("--allow-run-as-root") != std::string::npos);
}

TEST(MpiCommand, OneProcessElsewhereDoesToo) {
  MpiOptions options;
  options.hostfile = "hosts";
  setenv("BUILD_WORKING_DIRECTORY", "/home/me", 1);
  const std::string text = ShellText(MpiCommand(options, {"train"}));
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_THAT(text, HasSubstr("mpiexec -n 1 "));
  EXPECT_THAT(text, HasSubstr(" --hostfile hosts "));
  EXPECT_THAT(text, HasSubstr(" -x BUILD_WORKING_DIRECTORY train"));
  EXPECT_THAT(text, Not(HasSubstr("--oversubscribe")));
}

TEST(OutOf, AllItsForms) {
  for (const Words& words :
       {Words{"-o", "run"}, Words{"-orun"}, Words{"-o=run"},
        Words{"--out", "run"}, Words{"--out=run"}, Words{"-out", "run"},
        Words{"-o", "other", "--seed", "3", "--out=run"},
        Words{"--out", "run", "--", "--out", "other"}}) {
    EXPECT_EQ(OutOf(WithFlags({"train"}, words)), "run") << ShellText(words);
  }
  EXPECT_EQ(OutOf({"train", "--outer", "a", "b", "-o"}), "");
  EXPECT_EQ(OutOf({"-o", "b"}), "");
  EXPECT_EQ(OutOf({}), "");
}

TEST(WithFlags, BehindTheProgram) {
  EXPECT_THAT(WithFlags({"train", "--seed", "1"}, {"--resume", "-v"}),
              ElementsAre("train", "--resume", "-v", "--seed", "1"));
}

TEST(WithoutResume, DropsIt) {
  EXPECT_THAT(WithoutResume({"train", "--resume", "--resumes", "-resume",
                             "--resume=x", "--seed"}),
              ElementsAre("train", "--resumes", "--seed"));
}

TEST(ShellText, Quotes) {
  EXPECT_EQ(ShellText({"a", "", "it's", "--x=1,2", "*"}),
            "a '' 'it'\\''s' --x=1,2 '*'");
}

}  // namespace
}  // namespace fcis::train
