#include "fcis/train/run/end_launcher.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

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
