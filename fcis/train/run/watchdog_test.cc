#include "fcis/train/run/watchdog.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "absl/time/clock.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kShort = absl::Milliseconds(200);

// Starves a watchdog until it barks; returns its words and how long it took.
template <typename Feeding>
std::string Starve(Feeding feeding, absl::Duration* waited) {
  std::string cause;
  std::atomic<bool> barked{false};
  Watchdog::Options options;
  options.rank = 3;
  options.timeout = kShort;
  options.more_for_others = kShort;
  options.on_hang = [&](const std::string& text) {
    cause = text;
    barked = true;
  };
  Watchdog watchdog(options);
  feeding(&watchdog);
  const absl::Time start = absl::Now();
  while (!barked) absl::SleepFor(absl::Milliseconds(2));
  *waited = absl::Now() - start;
  return cause;
}

TEST(Watchdog, NamesRankPhaseAndIteration) {
  absl::Duration waited;
  const std::string cause =
      Starve([](Watchdog* watchdog) { watchdog->Feed("loading pictures", 17); },
             &waited);
  EXPECT_THAT(cause, HasSubstr("rank 3 hangs"));
  EXPECT_THAT(cause, HasSubstr("'loading pictures' of iteration 17"));
  EXPECT_GE(waited, 0.9 * kShort);
}

TEST(Watchdog, WaitingForOthersHasMoreTime) {
  absl::Duration waited;
  Starve([](Watchdog* w) { w->FeedWaitingForOthers("sum of gradients", 1); },
         &waited);
  EXPECT_GE(waited, 1.9 * kShort);
}

TEST(Watchdog, MoreTimeIsForThatPhaseOnly) {
  std::atomic<bool> barked{false};
  Watchdog::Options options;
  options.timeout = kShort;
  options.more_for_others = absl::Hours(1);
  options.on_hang = [&](const std::string&) { barked = true; };
  Watchdog watchdog(options);
  watchdog.FeedWaitingForOthers("sum of gradients", 1);
  absl::SleepFor(2 * kShort);
  EXPECT_FALSE(barked);
  watchdog.Feed("update", 1);
  const absl::Time start = absl::Now();
  while (!barked && absl::Now() - start < absl::Seconds(20)) {
    absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_TRUE(barked);
}

TEST(Watchdog, NeverFedIsStarvedToo) {
  absl::Duration waited;
  EXPECT_THAT(Starve([](Watchdog*) {}, &waited), HasSubstr("'start'"));
}

TEST(Watchdog, SilentWhileFed) {
  std::atomic<bool> barked{false};
  Watchdog::Options options;
  options.timeout = absl::Seconds(1);
  options.on_hang = [&](const std::string&) { barked = true; };
  Watchdog watchdog(options);
  for (int i = 0; i < 25; ++i) {
    watchdog.Feed("step", i);
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_FALSE(barked);
}

TEST(WatchdogDeathTest, EndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Watchdog::Options options;
        options.timeout = kShort;
        Watchdog watchdog(options);
        watchdog.Feed("backward pass", 5);
        absl::SleepFor(absl::Minutes(1));
      },
      ::testing::ExitedWithCode(kExitRunError),
      "rank 0 hangs.*'backward pass' of iteration 5; ending the job");
}

constexpr absl::Duration kGrace = absl::Milliseconds(200);

// A process of this name whose child calls EndLauncherAfter and leaves; it
// stays for `stays`, whatever happens to the child, and holds no pipes.
pid_t StartLauncher(const char* name, bool deaf, absl::Duration stays,
                    absl::Duration grace = kGrace) {
  const pid_t launcher = fork();
  if (launcher != 0) return launcher;
  prctl(PR_SET_NAME, name);
  if (deaf) signal(SIGTERM, SIG_IGN);
  if (fork() == 0) {
    EndLauncherAfter(grace);
    _exit(0);
  }
  syscall(SYS_close_range, 3, ~0U, 0);
  absl::SleepFor(stays);
  _exit(7);
}

// The signal that ended it, or minus its exit code.
int EndOf(pid_t process) {
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

// Ctrl-Z, and fg later.
TEST(Watchdog, TimeInWhichTheProcessIsStoppedDoesNotCount) {
  constexpr absl::Duration kTimeout = absl::Seconds(2);
  const pid_t watched = fork();
  if (watched == 0) {
    Watchdog::Options options;
    options.timeout = kTimeout;
    Watchdog watchdog(options);
    raise(SIGSTOP);
    absl::SleepFor(kTimeout / 4);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(watched, &status, WUNTRACED), watched);
  ASSERT_TRUE(WIFSTOPPED(status));
  absl::SleepFor(1.5 * kTimeout);
  kill(watched, SIGCONT);
  EXPECT_EQ(EndOf(watched), 0);
}

TEST(EndLauncherTest, AsksFirst) {
  EXPECT_EQ(EndOf(StartLauncher("mpiexec", false, absl::Minutes(1))), SIGTERM);
  EXPECT_EQ(EndOf(StartLauncher("orted", false, absl::Minutes(1))), SIGTERM);
}

TEST(EndLauncherTest, KillsTheDeaf) {
  EXPECT_EQ(EndOf(StartLauncher("mpiexec", true, absl::Minutes(1))), SIGKILL);
}

TEST(EndLauncherTest, LeavesOthersAlone) {
  EXPECT_EQ(EndOf(StartLauncher("bash", false, 5 * kGrace)), -7);
}

// mpiexec waits for the end of its ranks' pipes.
TEST(EndLauncherTest, HoldsNoPipesMeanwhile) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t launcher =
      StartLauncher("mpiexec", false, 5 * kGrace, absl::Minutes(1));
  close(ends[1]);
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);  // hangs until the watcher has left
  EXPECT_EQ(waitpid(launcher, nullptr, WNOHANG), 0);
  EXPECT_EQ(EndOf(launcher), -7);
  close(ends[0]);
}

TEST(EndLauncherTest, GivesTimeToEnd) {
  EXPECT_EQ(EndOf(StartLauncher("mpiexec", false, kGrace / 4)), -7);
}

}  // namespace
}  // namespace fcis::train
