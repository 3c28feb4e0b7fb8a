#include "fcis/train/run/watchdog.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/progress/progress.h"
#include "fcis/train/run/end_launcher.h"

namespace fcis::train {
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
  changed_.notify_all();
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
  const bool sooner = patience < patience_;
  patience_ = patience;
  fed_ = std::chrono::steady_clock::now();
  if (sooner) changed_.notify_all();
}

void Watchdog::Watch() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ended_) {
    const absl::Duration left = patience_ - Hungry();
    if (left <= absl::ZeroDuration()) {
      const std::string cause = Cause();
      if (options_.on_hang == nullptr) EndProcess(cause);
      options_.on_hang(cause);
      return;
    }
    // Being fed mostly moves the end back, and need not wake the watch.
    changed_.wait_for(lock, absl::ToChronoNanoseconds(left));
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
