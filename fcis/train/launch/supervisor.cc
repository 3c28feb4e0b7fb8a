#include "fcis/train/launch/supervisor.h"

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/progress/progress.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/launch/launch_command.h"
#include "fcis/train/run/event_log.h"
#include "fcis/train/run/run_directory.h"

namespace fcis::train {
namespace {

constexpr int kSignalled = 128;

// "exit code 1", "killed by signal 9".
std::string EndText(int code) {
  return code > kSignalled
             ? absl::StrCat("killed by signal ", code - kSignalled)
             : absl::StrCat("exit code ", code);
}

std::string ReachedText(const RunProgress& progress) {
  return absl::StrCat("last iteration ", progress.iteration,
                      ", newest checkpoint ", progress.checkpoint);
}

class Supervisor {
 public:
  Supervisor(const SupervisorOptions& options, ChildRunner* runner)
      : options_(options), runner_(runner) {}

  absl::Status Run() {
    best_ = ReadProgress(options_.run_directory);
    for (int restarts = 0;; ++restarts) {
      ASSIGN_OR_RETURN(const int code, Attempt());
      if (code == kExitOk) return absl::OkStatus();
      RETURN_IF_ERROR(CheckRestart(code, restarts));
      options_.say(absl::StrCat(end_, "; restart ", restarts + 1, " of ",
                                options_.max_restarts));
      runner_->Wait(options_.restart_delay);
      if (runner_->stops() > 0) {
        return absl::CancelledError("stopped before the restart");
      }
    }
  }

 private:
  absl::StatusOr<int> Attempt() {
    const bool resume = HoldsRun(options_.run_directory);
    const std::vector<std::string> command = options_.command(resume);
    options_.say(ShellText(command));
    const absl::Time start = absl::Now();
    ASSIGN_OR_RETURN(const int code, runner_->Run(command));
    reached_ = ReadProgress(options_.run_directory);
    end_ =
        absl::StrCat("the job ended after ", DurationText(absl::Now() - start),
                     " with ", EndText(code), " (", ReachedText(reached_), ")");
    return code;
  }

  // OK when another attempt makes sense.
  absl::Status CheckRestart(int code, int restarts) {
    if (code == kExitUsage) {
      return UsageError(absl::StrCat(end_, ": a wrong command line"));
    }
    if (runner_->stops() > 0) {
      return absl::CancelledError(absl::StrCat(end_, " when asked to stop"));
    }
    if (reached_.checkpoint <= best_.checkpoint &&
        reached_.iteration <= best_.iteration) {
      return absl::AbortedError(
          absl::StrCat(end_, " and came no further than before; giving up"));
    }
    if (restarts >= options_.max_restarts) {
      return absl::AbortedError(
          absl::StrCat(end_, "; giving up after ", restarts, " restarts"));
    }
    best_.checkpoint = std::max(best_.checkpoint, reached_.checkpoint);
    best_.iteration = std::max(best_.iteration, reached_.iteration);
    return absl::OkStatus();
  }

  const SupervisorOptions& options_;
  ChildRunner* const runner_;
  RunProgress best_, reached_;
  std::string end_;
};

}  // namespace

RunProgress ReadProgress(const std::string& run_directory) {
  RunProgress progress;
  const absl::StatusOr<std::vector<std::string>> checkpoints =
      ListCheckpoints(run_directory);
  if (checkpoints.ok() && !checkpoints->empty()) {
    progress.checkpoint = CheckpointIteration(
        std::filesystem::path(checkpoints->front()).filename().string());
  }
  const absl::StatusOr<int64_t> iteration = LastLoggedIteration(run_directory);
  if (iteration.ok()) progress.iteration = *iteration;
  return progress;
}

absl::Status Supervise(const SupervisorOptions& options, ChildRunner* runner) {
  return Supervisor(options, runner).Run();
}

}  // namespace fcis::train
