#include "fcis/train/launch/supervisor.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

// A job that is a shell script, which stands in the run's directory.
class SupervisorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path path =
        fs::path(::testing::TempDir()) /
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(path);
    fs::create_directories(path);
    directory_ = path.string();
  }

  absl::Status Run(const std::string& script, int max_restarts = 3) {
    SupervisorOptions options;
    options.run_directory = directory_;
    options.max_restarts = max_restarts;
    options.restart_delay = absl::Milliseconds(1);
    options.command = [&](bool resume) {
      resumes_.push_back(resume);
      return std::vector<std::string>{
          "bash", "-c", absl::StrCat("cd ", directory_, "; ", script)};
    };
    options.say = [&](absl::string_view line) { said_.emplace_back(line); };
    return Supervise(options, &runner_);
  }

  std::string Said() const { return absl::StrJoin(said_, "\n"); }

  // Sends this process the signal once the job is ready.
  std::thread StopWhenReady(int signal) {
    return std::thread([this, signal] {
      while (!fs::exists(directory_ + "/ready")) usleep(5000);
      kill(getpid(), signal);
    });
  }

  // Before any thread, so that all of them leave the signals to it.
  ChildRunner runner_;
  std::string directory_;
  std::vector<bool> resumes_;
  std::vector<std::string> said_;
};

// Comes a checkpoint further each time.
constexpr char kCheckpointAndFail[] =
    "touch config.textproto; n=$(ls | grep -c checkpoint); "
    "touch checkpoint_0000000$((n + 1)).safetensors; ";
// Comes an iteration further each time, without any checkpoint.
constexpr char kIterationAndFail[] =
    "touch config.textproto log.jsonl; n=$(wc -l < log.jsonl); "
    "echo \"{\\\"iteration\\\":$((n + 1))}\" >> log.jsonl; ";

TEST_F(SupervisorTest, ReadsHowFarARunCame) {
  EXPECT_EQ(ReadProgress("/no/such/run").iteration, 0);
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(
        Run(absl::StrCat(kCheckpointAndFail, kIterationAndFail, "exit 1"), 0)
            .ok());
  }
  EXPECT_EQ(ReadProgress(directory_).checkpoint, 2);
  EXPECT_EQ(ReadProgress(directory_).iteration, 2);
}

TEST_F(SupervisorTest, AJobThatEndsWellIsNotRepeated) {
  EXPECT_TRUE(Run("true").ok());
  EXPECT_THAT(resumes_, ElementsAre(false));
}

TEST_F(SupervisorTest, GoesOnUntilItEndsWell) {
  const absl::Status status =
      Run(absl::StrCat(kCheckpointAndFail, "test $n = 2 || kill -KILL $$"));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(resumes_, ElementsAre(false, true, true));
  EXPECT_THAT(Said(), HasSubstr("killed by signal 9, which the system sends "
                                "where memory ends (last iteration 0, newest "
                                "checkpoint 2); restart 2 of 3"));
}

TEST_F(SupervisorTest, LoggedIterationsAreProgressToo) {
  EXPECT_TRUE(Run(absl::StrCat(kIterationAndFail, "test $n = 2")).ok());
  EXPECT_THAT(resumes_, ElementsAre(false, true, true));
}

TEST_F(SupervisorTest, NoMoreThanMaxRestarts) {
  const absl::Status status =
      Run(absl::StrCat(kCheckpointAndFail, "exit 1"), 2);
  EXPECT_THAT(status.message(), HasSubstr("giving up after 2 restarts"));
  EXPECT_EQ(resumes_.size(), 3u);
  EXPECT_EQ(ExitCode(status), kExitRunError);
}

TEST_F(SupervisorTest, GivesUpWithoutProgress) {
  const absl::Status at_once = Run("exit 1");
  EXPECT_THAT(at_once.message(), HasSubstr("came no further than before"));
  EXPECT_EQ(resumes_.size(), 1u);
  resumes_.clear();
  // The log ends where it ended before, as after a resume that fails again.
  const absl::Status again =
      Run("touch config.textproto; echo '{\"iteration\":5}' > log.jsonl; "
          "exit 1");
  EXPECT_THAT(again.message(), HasSubstr("came no further than before"));
  EXPECT_THAT(resumes_, ElementsAre(false, true));
}

TEST_F(SupervisorTest, AWrongCommandLineIsNotRepeated) {
  const absl::Status status = Run(absl::StrCat(kCheckpointAndFail, "exit 2"));
  EXPECT_EQ(ExitCode(status), kExitUsage);
  EXPECT_EQ(resumes_.size(), 1u);
}

constexpr char kWait[] = "touch ready; while true; do sleep 0.01; done";

TEST_F(SupervisorTest, AStopIsNotAFailure) {
  std::thread stopper = StopWhenReady(SIGTERM);
  const absl::Status status = Run(absl::StrCat("trap 'exit 0' USR1; ", kWait));
  stopper.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(SupervisorTest, AfterAStopThereIsNoRestart) {
  std::thread stopper = StopWhenReady(SIGINT);
  const absl::Status status =
      Run(absl::StrCat(kCheckpointAndFail, "trap 'exit 1' USR1; ", kWait));
  stopper.join();
  EXPECT_THAT(status.message(), HasSubstr("when asked to stop"));
  EXPECT_EQ(resumes_.size(), 1u);
}

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
