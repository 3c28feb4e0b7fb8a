// The program itself; also tests watch_flags.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string output;
};

Outcome Shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

std::string Program() { return *FindRunfile("fcis/train/watch/report_main"); }

Outcome Report(const std::string& arguments) {
  return Shell(absl::StrCat(Program(), " ", arguments, " 2>&1"));
}

std::string MakeRun(const std::string& name) {
  const std::string run = absl::StrCat(::testing::TempDir(), name);
  std::filesystem::create_directories(run);
  EXPECT_TRUE(WriteFileAtomic(run + "/config.textproto", "batch: 2\n").ok());
  EXPECT_TRUE(WriteFileAtomic(run + "/log.jsonl",
                              "{\"iteration\":1,\"loss\":0.5}\n{\"iter")
                  .ok());
  return run;
}

TEST(ReportMainTest, WritesThePage) {
  const std::string page = absl::StrCat(::testing::TempDir(), "out.html");
  const Outcome outcome =
      Report(absl::StrCat(MakeRun("r1"), " ", MakeRun("r2"), " --out ", page));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_EQ(outcome.output, page + "\n");
  EXPECT_THAT(*ReadFile(page), HasSubstr("\"name\":\"r2\""));
}

TEST(ReportMainTest, ARunMayBeAFlag) {
  const std::string page = absl::StrCat(::testing::TempDir(), "flag.html");
  const Outcome outcome = Report(absl::StrCat("--run ", MakeRun("r4"), " ",
                                              MakeRun("r5"), " --out ", page));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(*ReadFile(page), AllOf(HasSubstr("\"name\":\"r4\""),
                                     HasSubstr("\"name\":\"r5\"")));
}

TEST(ReportMainTest, ErrorsSayWhatIsWrong) {
  const std::string run = MakeRun("r3");
  const Outcome none = Report("");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.output, HasSubstr("expected the directories of one run"));
  const Outcome missing = Report(run + " /no/such/run");
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.output, HasSubstr("/no/such/run holds no training run"));
  const Outcome unwritable = Report(run + " --out /no/such/folder/page.html");
  EXPECT_EQ(unwritable.code, 1);
  EXPECT_THAT(unwritable.output, HasSubstr("/no/such/folder/page.html"));
  const Outcome port = Report(run + " --watch --watch_port 70000");
  EXPECT_EQ(port.code, 2);
  EXPECT_THAT(port.output, HasSubstr("--watch_port=70000: expected 0 to"));
}

TEST(ReportMainTest, ServesUntilItIsEnded) {
  const std::string said = absl::StrCat(::testing::TempDir(), "said");
  const Outcome outcome = Shell(
      absl::StrCat(Program(), " ", MakeRun("r4"), " --watch --watch_port 0 > ",
                   said, " & while ! grep -q http ", said,
                   "; do sleep .02; done; kill $!; wait $!"));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(*ReadFile(said),
              ::testing::MatchesRegex("http://127.0.0.1:[0-9]+/  .Ctrl-C.*\n"));
}

}  // namespace
}  // namespace fcis::train
