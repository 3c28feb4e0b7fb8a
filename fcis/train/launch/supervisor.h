// Starts a training job, and again after a failure: a rank cannot restart the
// job that it belongs to.
#ifndef FCIS_TRAIN_LAUNCH_SUPERVISOR_H_
#define FCIS_TRAIN_LAUNCH_SUPERVISOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fcis/train/launch/child_runner.h"

namespace fcis::train {

// How far a run came, by its directory.
struct RunProgress {
  int64_t checkpoint = 0;  // iteration of the newest; 0: there is none
  int64_t iteration = 0;   // last in the log
};
RunProgress ReadProgress(const std::string& run_directory);

struct SupervisorOptions {
  std::string run_directory;
  int max_restarts = 3;
  absl::Duration restart_delay = absl::Seconds(2);
  // The job's command: to begin the run, or to go on with it.
  std::function<std::vector<std::string>(bool resume)> command;
  // Takes what happens, a line each.
  std::function<void(absl::string_view)> say;
};

// Runs the job until it ends well or is asked to stop. A failed job is started
// again, with `resume` once its directory holds a run, unless
//   it says that its command line is wrong (exit code 2: a UsageError),
//   no attempt before it came as far: neither a newer checkpoint nor a later
//   iteration (it would fail in the same place again), or
//   `max_restarts` are used up.
absl::Status Supervise(const SupervisorOptions& options, ChildRunner* runner);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_LAUNCH_SUPERVISOR_H_
