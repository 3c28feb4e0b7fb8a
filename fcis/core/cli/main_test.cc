#include "fcis/core/cli/main.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(double, level, 0.25, "How much of it.");
ABSL_FLAG(std::optional<int>, count, std::nullopt, "Default: as many as fit.");
ABSL_FLAG(std::string, modelpath, "", "A file.");

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

Program TestProgram() {
  Program program;
  program.name = "tester";
  program.arguments = "[flags] [file]...";
  program.summary =
      "A sentence that is long enough to be broken into two lines, because it "
      "has more than eighty columns.";
  program.groups = {{"Model", {"modelpath"}}};
  program.short_flags = {{'m', "modelpath"}};
  program.version_details = [] { return std::string("made for tests\n"); };
  program.examples = {"tester -m a.npz"};
  return program;
}

struct Outcome {
  int code = -1;
  std::string out, err;
};

Outcome Call(
    std::vector<std::string> args,
    absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run) {
  absl::FlagSaver saver;
  args.insert(args.begin(), "/path/of/tester");
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  Outcome outcome;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  outcome.code = Main(argv.size(), argv.data(), TestProgram(), run);
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

Outcome CallReturning(const std::vector<std::string>& args,
                      const absl::Status& status) {
  return Call(args, [&](const std::vector<std::string>&) { return status; });
}

TEST(MainTest, HelpPageIsComplete) {
  const std::string page = HelpPage(TestProgram());
  EXPECT_THAT(page, HasSubstr("Usage: tester [flags] [file]..."));
  EXPECT_THAT(page,
              HasSubstr("Model:\n  -m, --modelpath <text>\n      A file."));
  EXPECT_THAT(page, HasSubstr("Other flags:\n  --count <integer>\n"));
  EXPECT_THAT(page, HasSubstr("How much of it. (default: 0.25)"));
  EXPECT_THAT(page, HasSubstr("Default: as many as fit.\n"));
  EXPECT_THAT(page, HasSubstr("tester -m a.npz"));
  for (absl::string_view line : absl::StrSplit(page, '\n')) {
    EXPECT_THAT(line.size(), Le(80u)) << line;
  }
}

TEST(MainTest, HelpAndVersionExitZeroWithoutRunning) {
  const auto never = [](const std::vector<std::string>&) {
    ADD_FAILURE() << "run was called";
    return absl::OkStatus();
  };
  const Outcome help = Call({"--help"}, never);
  EXPECT_EQ(help.code, 0);
  EXPECT_EQ(help.out, HelpPage(TestProgram()));
  const Outcome version = Call({"--version"}, never);
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, HasSubstr("fcis tester "));
  EXPECT_THAT(version.out, HasSubstr("\nmade for tests\n"));
}

TEST(MainTest, PassesFlagsAndArguments) {
  const Outcome outcome =
      Call({"a", "-m", "w.npz", "--count=3", "b"},
           [](const std::vector<std::string>& arguments) {
             EXPECT_THAT(arguments, ElementsAre("a", "b"));
             EXPECT_EQ(absl::GetFlag(FLAGS_modelpath), "w.npz");
             EXPECT_EQ(absl::GetFlag(FLAGS_count), 3);
             return absl::OkStatus();
           });
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST(MainTest, ErrorsSetTheExitCode) {
  const Outcome run = CallReturning({}, absl::NotFoundError("no a.jpg"));
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "tester: no a.jpg\n");
  EXPECT_EQ(CallReturning({}, VerificationError("x")).code, 3);
  const Outcome usage = CallReturning({"--lvel=1"}, absl::OkStatus());
  EXPECT_EQ(usage.code, 2);
  EXPECT_THAT(usage.err, HasSubstr("did you mean --level?"));
  EXPECT_THAT(usage.err, HasSubstr("Try 'tester --help'."));
  EXPECT_THAT(run.err, Not(HasSubstr("Try")));
}

}  // namespace
}  // namespace fcis
