#include "fcis/train/run/watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/progress/progress.h"

namespace fcis::train {
namespace {

constexpr absl::Duration kToEndItself = absl::Seconds(5);
// The watch looks so often whether the process runs at all.
constexpr absl::Duration kLook = absl::Seconds(1);

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

namespace {

// For mpiexec to end the others: it waits twice between asking and killing
// (launch's --kill_delay). One that cannot reach a machine takes for ever.
absl::Duration ForLauncher() {
  int delay = 0;
  const char* set = std::getenv("OMPI_MCA_odls_base_sigkill_timeout");
  if (set == nullptr || !absl::SimpleAtoi(set, &delay)) delay = 0;
  return absl::Minutes(1) + 2 * absl::Seconds(delay);
}

// Without stdio and destructors: a hanging thread may hold their locks.
void EndProcess(const std::string& cause) {
  const std::string line = absl::StrCat("\n", cause, "\n");
  [[maybe_unused]] const ssize_t wrote =
      write(STDERR_FILENO, line.data(), line.size());
  EndLauncherAfter(ForLauncher());
  _exit(kExitRunError);
}

}  // namespace

Watchdog::Watchdog(Options options)
    : options_(std::move(options)),
      patience_(options_.timeout),
      fed_(std::chrono::steady_clock::now()),
      thread_([this] { Watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void Watchdog::Feed(absl::string_view phase, int64_t iteration) {
  Begin(phase, iteration, options_.timeout);
}

void Watchdog::FeedWaitingForOthers(absl::string_view phase,
                                    int64_t iteration) {
  Begin(phase, iteration, options_.timeout + options_.more_for_others);
}

void Watchdog::Begin(absl::string_view phase, int64_t iteration,
                     absl::Duration patience) {
  const std::lock_guard<std::mutex> lock(mutex_);
  phase_.assign(phase.data(), phase.size());
  iteration_ = iteration;
  patience_ = patience;
  fed_ = std::chrono::steady_clock::now();
}

void Watchdog::Watch() {
  std::unique_lock<std::mutex> lock(mutex_);
  const absl::Duration look = std::min(kLook, options_.timeout / 8);
  auto looked = fed_;
  while (!ended_) {
    const auto now = std::chrono::steady_clock::now();
    const absl::Duration stood = absl::FromChrono(now - looked) - look;
    looked = now;
    if (stood > look) {
      fed_ = std::min(now, fed_ + absl::ToChronoNanoseconds(stood));
    }
    const absl::Duration left = patience_ - Hungry();
    if (left <= absl::ZeroDuration()) {
      const std::string cause = Cause();
      if (options_.on_hang == nullptr) EndProcess(cause);
      options_.on_hang(cause);
      return;
    }
    ending_.wait_for(lock, absl::ToChronoNanoseconds(std::min(left, look)));
  }
}

absl::Duration Watchdog::Hungry() const {
  return absl::FromChrono(std::chrono::steady_clock::now() - fed_);
}

std::string Watchdog::Cause() const {
  return absl::StrCat("rank ", options_.rank, " hangs: no progress for ",
                      DurationText(Hungry()), " in '", phase_,
                      "' of iteration ", iteration_, "; ending the job");
}

}  // namespace fcis::train
