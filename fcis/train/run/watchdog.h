// Ends a process that hangs: a rank that waits for ever holds up all others.
#ifndef FCIS_TRAIN_RUN_WATCHDOG_H_
#define FCIS_TRAIN_RUN_WATCHDOG_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fcis::train {

// What is left to do when a rank of several machines has ended by itself:
// mpiexec that cannot reach one of them would wait for it for ever.
//
// Where Open MPI's mpiexec or its daemon on this machine is this process's
// parent, leaves a process behind that ends it if it is still there after
// `grace`: asked to first, killed five seconds later. Nothing otherwise. May
// be called while other threads hang.
void EndLauncherAfter(absl::Duration grace);

class Watchdog {
 public:
  struct Options {
    int rank = 0;
    // Not fed for so long, the process is taken to hang. Time in which it is
    // stopped (SIGSTOP, Ctrl-Z, a frozen cgroup) does not count.
    absl::Duration timeout = absl::Minutes(10);
    // More than that while it waits for other ranks: the one that holds them up
    // is to speak first, and mpiexec needs its time to end them.
    absl::Duration more_for_others = absl::Minutes(1);
    // Takes the cause in one line. By default prints it to stderr and exits
    // with kExitRunError at once, on which mpiexec ends the other ranks or, a
    // minute later and more, is ended itself (EndLauncherAfter).
    std::function<void(const std::string&)> on_hang;
  };

  // Fed from the start.
  explicit Watchdog(Options options);
  // No longer watches.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // The process is alive, and begins this phase ("loading pictures", "backward
  // pass") of the iteration. Any thread may call.
  void Feed(absl::string_view phase, int64_t iteration);

  // The same for a phase that ends only when the other ranks are ready.
  void FeedWaitingForOthers(absl::string_view phase, int64_t iteration);

 private:
  void Begin(absl::string_view phase, int64_t iteration,
             absl::Duration patience);
  void Watch();
  absl::Duration Hungry() const;
  std::string Cause() const;

  const Options options_;
  // Not absl::Mutex: thread sanitizer knows nothing of Debian's build of it.
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  std::string phase_ = "start";
  int64_t iteration_ = 0;
  absl::Duration patience_;
  // Not the wall clock, which may be set forward.
  std::chrono::steady_clock::time_point fed_;
  std::thread thread_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_WATCHDOG_H_
