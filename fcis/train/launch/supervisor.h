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

// The command lines of the supervisor: what the user gave after "--", with what
// mpiexec and a resume need.
struct MpiOptions {
  int processes = 1;
  std::string hostfile;  // "": this machine
  // Between mpiexec's SIGTERM and its SIGKILL: long enough for a save.
  absl::Duration kill_delay = absl::Seconds(20);
  // More words for mpiexec.
  std::vector<std::string> extra;
};

// `program` under mpiexec; as it is when one process on this machine suffices.
std::vector<std::string> MpiCommand(const MpiOptions& options,
                                    const std::vector<std::string>& program);

// The value of -o or --out in a program's words, the last of several; "" when
// it is not given.
std::string OutOf(const std::vector<std::string>& program);

// `flags` behind the program's name, before what the user gave: the last of
// several wins.
std::vector<std::string> WithFlags(std::vector<std::string> program,
                                   const std::vector<std::string>& flags);

// The words without any --resume.
std::vector<std::string> WithoutResume(std::vector<std::string> program);

// The words as one would type them into a shell.
std::string ShellText(const std::vector<std::string>& words);

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
