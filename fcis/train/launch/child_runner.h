// Runs one command after another, and passes on to them what asks the whole to
// stop.
#ifndef FCIS_TRAIN_LAUNCH_CHILD_RUNNER_H_
#define FCIS_TRAIN_LAUNCH_CHILD_RUNNER_H_

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fcis::train {

// SIGINT, SIGTERM and SIGUSR1 that reach this process reach the command as
// SIGUSR1: mpiexec passes that one on to its ranks and otherwise leaves them
// alone, while on SIGTERM it kills them. The second signal ends it: SIGUSR2,
// which ranks do not catch, and SIGKILL a little later. Should this process be
// killed, the command gets SIGUSR1 too.
class ChildRunner {
 public:
  // From here on the calling thread receives those signals in Run and Wait
  // only. One thread, one runner.
  ChildRunner();
  // As before.
  ~ChildRunner();
  ChildRunner(const ChildRunner&) = delete;
  ChildRunner& operator=(const ChildRunner&) = delete;

  // Looks the command up in $PATH, waits for its end; its exit code, 128 + n
  // when signal n killed it. It reads nothing and has a process group of its
  // own. Errors name the command that cannot be started.
  absl::StatusOr<int> Run(const std::vector<std::string>& command);

  // Waits so long, or until a stop is asked for.
  void Wait(absl::Duration duration);

  // How many stop signals have come.
  int stops() const { return stops_; }

 private:
  absl::StatusOr<pid_t> Start(const std::vector<std::string>& command) const;
  void PassOn(pid_t child);

  sigset_t watched_, before_;
  int stops_ = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_LAUNCH_CHILD_RUNNER_H_
