#include "fcis/core/cli/main.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/shared_flags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(double, level, 0.25, "How much of it.");
ABSL_FLAG(std::optional<int>, count, std::nullopt, "Default: as many as fit.");
ABSL_FLAG(bool, colour, true, "In colour.");
ABSL_FLAG(bool, brief, false, "In few words.");
ABSL_FLAG(int, of_another, 0, "Of another program.");

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
  program.groups = {{"Files", {"out", "seed"}},
                    {"More", {"count", "level", "colour", "brief"}}};
  program.short_flags = {{'o', "out"}};
  program.texts = {{"out", "A file."}};
  program.defaults = {{"out", "o.txt"}, {"seed", "7"}};
  program.version_details = [] { return std::string("made for tests\n"); };
  program.examples = {"tester -o a.txt", "mpiexec -n 2 tester -o b",
                      "echo a b | two_words -- ./a.out",
                      "ffmpeg -i a - | tester - | ffmpeg -i - b"};
  return program;
}

struct Outcome {
  int code = -1;
  std::string out, err;
};

Outcome Call(
    std::vector<std::string> args,
    absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run,
    const std::string& path = "/path/of/tester") {
  absl::FlagSaver saver;
  args.insert(args.begin(), path);
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
  EXPECT_THAT(page, HasSubstr("Files:\n  -o, --out <text>\n"
                              "      A file. (default: o.txt)\n"
                              "  --seed <integer>\n"));
  EXPECT_THAT(page, HasSubstr("at random. (default: 7)\n"));
  EXPECT_THAT(page, HasSubstr("\nMore:\n  --count <integer>\n"
                              "      Default: as many as fit.\n"));
  EXPECT_THAT(page, HasSubstr("How much of it. (default: 0.25)\n"));
  EXPECT_THAT(page,
              HasSubstr("  --[no]colour\n      In colour. (default: true)"));
  EXPECT_THAT(page, HasSubstr("  --brief\n      In few words.\n"));
  EXPECT_THAT(page, Not(HasSubstr("of_another")));
  EXPECT_THAT(page, HasSubstr("tester -o a.txt"));
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
  EXPECT_THAT(version.out, HasSubstr(" (no commit known)\n"));
  EXPECT_THAT(version.out, HasSubstr("\nmade for tests\n"));
}

TEST(MainTest, AnInstalledProgramGoesByItsOwnName) {
  const auto run = [](const std::vector<std::string>&) {
    return absl::NotFoundError("no a.jpg");
  };
  const std::string path = "/usr/bin/fcis-tester";
  const Outcome help = Call({"--help"}, run, path);
  EXPECT_THAT(help.out, HasSubstr("Usage: fcis-tester [flags]"));
  EXPECT_THAT(help.out, HasSubstr("\n  fcis-tester -o a.txt\n"
                                  "  fcis-mpiexec -n 2 fcis-tester -o b\n"
                                  "  echo a b | fcis-two-words -- ./a.out\n"
                                  "  ffmpeg -i a - | fcis-tester - | ffmpeg "
                                  "-i - b\n"));
  EXPECT_THAT(Call({"--version"}, run, path).out, HasSubstr("fcis tester "));
  EXPECT_EQ(Call({}, run, path).err, "fcis-tester: no a.jpg\n");
}

TEST(MainTest, PassesFlagsAndArguments) {
  const Outcome outcome = Call({"a", "-o", "w.txt", "--count=3", "b"},
                               [](const std::vector<std::string>& arguments) {
                                 EXPECT_THAT(arguments, ElementsAre("a", "b"));
                                 EXPECT_EQ(absl::GetFlag(FLAGS_out), "w.txt");
                                 EXPECT_EQ(absl::GetFlag(FLAGS_count), 3);
                                 EXPECT_EQ(absl::GetFlag(FLAGS_seed), 7u);
                                 EXPECT_FALSE(FlagWasGiven("seed"));
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
  EXPECT_EQ(CallReturning({"--of_another=1"}, absl::OkStatus()).code, 2);
}

TEST(MainTest, ArgumentsOfAProgramThatTakesNone) {
  std::string name = "tester", argument = "a.txt";
  char* argv[] = {name.data(), argument.data()};
  const auto ok = [] { return absl::OkStatus(); };
  EXPECT_EQ(Main(1, argv, TestProgram(), ok), 0);
  EXPECT_EQ(Main(2, argv, TestProgram(), ok), 2);
}

}  // namespace
}  // namespace fcis
