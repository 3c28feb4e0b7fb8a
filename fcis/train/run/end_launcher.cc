#include "fcis/train/run/end_launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fcis::train {
namespace {

constexpr absl::Duration kToEndItself = absl::Seconds(5);

bool IsLauncher(pid_t process) {
  char name[32] = {};
  const std::string path = absl::StrCat("/proc/", process, "/comm");
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t n = read(file, name, sizeof(name) - 1);
  close(file);
  // Not prted, which may serve other jobs too.
  const absl::string_view names[] = {
      "mpiexec", "mpirun", "mpiexec.openmpi", "mpirun.openmpi",
      "orterun", "orted",  "prterun"};
  const absl::string_view comm(name, std::max<ssize_t>(n, 1) - 1);
  return std::find(std::begin(names), std::end(names), comm) != std::end(names);
}

bool EndsWithin(int process, int milliseconds) {
  pollfd ended = {process, POLLIN, 0};
  return poll(&ended, 1, milliseconds) > 0;
}

void Signal(int process, int signal) {
  syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0);
}

}  // namespace

void EndLauncherAfter(absl::Duration grace) {
  const pid_t parent = getppid();
  if (!IsLauncher(parent)) return;
  // Unlike a number, it never becomes another process.
  const int launcher = static_cast<int>(syscall(SYS_pidfd_open, parent, 0));
  if (launcher < 0) return;
  const int milliseconds = static_cast<int>(absl::ToInt64Milliseconds(grace));
  const int last = static_cast<int>(absl::ToInt64Milliseconds(kToEndItself));
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // Not fork(), which waits for locks that a hanging thread may hold.
  if (getppid() != parent || _Fork() != 0) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close(launcher);
    return;
  }
  // Only system calls from here on, and no signals, which would cut the grace
  // short. Out of the group that the launcher kills, and without the pipes
  // whose end it waits for.
  setsid();
  if (launcher > 0) syscall(SYS_close_range, 0, launcher - 1, 0);
  syscall(SYS_close_range, launcher + 1, ~0U, 0);
  if (!EndsWithin(launcher, milliseconds)) {
    Signal(launcher, SIGTERM);
    if (!EndsWithin(launcher, last)) Signal(launcher, SIGKILL);
  }
  _exit(0);
}

}  // namespace fcis::train
