// Runs the program over testdata/fake_train, alone and under mpiexec.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kFolder[] = "fcis/train/launch/";

class LaunchMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path path =
        fs::path(::testing::TempDir()) /
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(path);
    fs::create_directories(path);
    home_ = path.string();
    UseOwnMpiPlace();
    launch_ = *FindRunfile(absl::StrCat(kFolder, "launch_main"));
    fake_ = *FindRunfile(absl::StrCat(kFolder, "testdata/fake_train"));
  }

  std::string Command(const std::string& flags,
                      const std::string& words) const {
    return absl::StrCat("cd ", home_, " && unset BUILD_WORKING_DIRECTORY && ",
                        "exec ", launch_, " ", flags, " -- ", words,
                        " > log.txt 2>&1");
  }

  // The exit code.
  int Run(const std::string& flags, const std::string& words) {
    return WEXITSTATUS(std::system(Command(flags, words).c_str()));
  }

  // Starts it, sends `signal` once the fake is ready; the exit code.
  int RunAndStop(const std::string& flags, const std::string& words,
                 int signal) {
    const std::string command = Command(flags, words);
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/bash", "bash", "-c", command.c_str(), nullptr);
      _exit(99);
    }
    while (!fs::exists(home_ + "/run/ready")) usleep(10000);
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string Load(const std::string& name) const {
    return ReadFile(home_ + "/" + name).value_or("");
  }

  std::string home_, launch_, fake_;
};

TEST_F(LaunchMainTest, ResumesAfterCrashes) {
  ASSERT_EQ(
      Run("", absl::StrCat(fake_, " --out run --crash_at 5 --crash_at 8")), 0)
      << Load("log.txt");
  EXPECT_EQ(Load("run/starts"), "start at 0\nstart at 4\nstart at 6\n");
  EXPECT_THAT(Load("log.txt"), HasSubstr("restart 2 of 3"));
  EXPECT_THAT(Load("log.txt"), HasSubstr("--resume --out run"));
  EXPECT_THAT(Load("log.txt"), Not(HasSubstr("mpiexec")));
}

TEST_F(LaunchMainTest, ResumesUnderMpiexec) {
  ASSERT_EQ(Run("-n 2 --kill_delay 1",
                absl::StrCat(fake_, " --out run --crash_at 5")),
            0)
      << Load("log.txt");
  EXPECT_EQ(Load("run/starts"), "start at 0\nstart at 4\n");
  EXPECT_THAT(Load("log.txt"), HasSubstr("launch: mpiexec -n 2 "));
  EXPECT_THAT(Load("log.txt"), HasSubstr("killed by signal 11"));
}

TEST_F(LaunchMainTest, StopsUnderMpiexecSaveAndLeave) {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    fs::remove_all(home_ + "/run");
    EXPECT_EQ(
        RunAndStop("-n 2", absl::StrCat(fake_, " --out run --hang"), signal), 0)
        << Load("log.txt");
    EXPECT_TRUE(fs::exists(home_ + "/run/saved")) << signal;
    EXPECT_EQ(Load("run/starts"), "start at 0\n");
  }
}

TEST_F(LaunchMainTest, KilledItselfItLeavesNothingRunning) {
  EXPECT_EQ(
      RunAndStop("-n 2", absl::StrCat(fake_, " --out run --hang"), SIGKILL),
      -1);
  while (!fs::exists(home_ + "/run/saved")) usleep(10000);
}

TEST_F(LaunchMainTest, NamesTheDirectoryItself) {
  ASSERT_EQ(Run("", absl::StrCat(fake_, " --crash_at 5")), 0)
      << Load("log.txt");
  int runs = 0;
  for (const auto& entry : fs::directory_iterator(home_ + "/out")) {
    ++runs;
    EXPECT_EQ(*ReadFile((entry.path() / "starts").string()),
              "start at 0\nstart at 4\n");
  }
  EXPECT_EQ(runs, 1);
}

TEST_F(LaunchMainTest, WrongCommandLines) {
  EXPECT_EQ(Run("-n 0", fake_), 2);
  EXPECT_EQ(Run("--max_restarts -1", fake_), 2);
  EXPECT_EQ(Run("--kill_delay 0", fake_), 2);
  EXPECT_EQ(Run("", ""), 2);
  EXPECT_EQ(Run("--hostfile no_hosts", fake_), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("no_hosts"));
  EXPECT_EQ(Run("", "./no_such_program"), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("no_such_program"));
  EXPECT_EQ(Run("", absl::StrCat(fake_, " --out run --typo")), 2);
  EXPECT_EQ(
      Run("-n 2 --kill_delay 1", absl::StrCat(fake_, " --out run --typo")), 2)
      << Load("log.txt");
  // The fake refuses to begin a second run over the first.
  ASSERT_EQ(Run("", absl::StrCat(fake_, " --out run")), 0);
  EXPECT_EQ(Run("", absl::StrCat(fake_, " --out run")), 2);
  EXPECT_EQ(Run("", absl::StrCat(fake_, " --out run --resume")), 0);
}

}  // namespace
}  // namespace fcis::train
