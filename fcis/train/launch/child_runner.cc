#include "fcis/train/launch/child_runner.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/io/file.h"

namespace fcis::train {
namespace {

constexpr absl::Duration kUntilKilled = absl::Seconds(3);
constexpr int kSignalled = 128;  // as a shell counts

// Never returns; 127 is a shell's code for "cannot be started", and errno goes
// to `report`.
[[noreturn]] void Become(const std::vector<char*>& arguments, pid_t parent,
                         const sigset_t& mask, int report) {
  setpgid(0, 0);  // A terminal's Ctrl-C reaches us only.
  prctl(PR_SET_PDEATHSIG, SIGUSR1);
  if (getppid() != parent) _exit(127);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t wrote = write(report, &error, sizeof error);
  _exit(127);
}

int CodeOf(int wait_status) {
  return WIFSIGNALED(wait_status) ? kSignalled + WTERMSIG(wait_status)
                                  : WEXITSTATUS(wait_status);
}

}  // namespace

ChildRunner::ChildRunner() {
  sigemptyset(&watched_);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) {
    sigaddset(&watched_, signal);
  }
  sigprocmask(SIG_BLOCK, &watched_, &before_);
}

ChildRunner::~ChildRunner() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

absl::StatusOr<pid_t> ChildRunner::Start(
    const std::vector<std::string>& command) const {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    return ErrnoStatus("cannot start", command[0], errno);
  }
  const absl::Cleanup closer = [&] { close(report[0]); };
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Become(arguments, parent, before_, report[1]);
  int error = child < 0 ? errno : 0;
  close(report[1]);
  if (child < 0) return ErrnoStatus("cannot start", command[0], error);
  // Nothing comes, and the pipe ends, once the command runs.
  if (read(report[0], &error, sizeof error) == ssize_t{sizeof error}) {
    waitpid(child, nullptr, 0);
    return ErrnoStatus("cannot start", command[0], error);
  }
  return child;
}

void ChildRunner::PassOn(pid_t child) {
  ++stops_;
  kill(child, stops_ == 1 ? SIGUSR1 : SIGUSR2);
}

absl::StatusOr<int> ChildRunner::Run(const std::vector<std::string>& command) {
  ASSIGN_OR_RETURN(const pid_t child, Start(command));
  absl::Time deadline = absl::InfiniteFuture();
  while (true) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return CodeOf(status);
    // A second at most: nothing is lost should SIGCHLD be.
    const struct timespec tick = {1, 0};
    const int signal = sigtimedwait(&watched_, nullptr, &tick);
    if (signal > 0 && signal != SIGCHLD) {
      PassOn(child);
      if (stops_ == 2) deadline = SteadyNow() + kUntilKilled;
    }
    if (SteadyNow() >= deadline) kill(child, SIGKILL);
  }
}

void ChildRunner::Wait(absl::Duration duration) {
  const absl::Time end = SteadyNow() + duration;
  for (absl::Duration left = duration;
       stops_ == 0 && left > absl::ZeroDuration(); left = end - SteadyNow()) {
    const struct timespec time = absl::ToTimespec(left);
    const int signal = sigtimedwait(&watched_, nullptr, &time);
    if (signal > 0 && signal != SIGCHLD) ++stops_;
  }
}

}  // namespace fcis::train
