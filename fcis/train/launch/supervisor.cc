#include "fcis/train/launch/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/progress/progress.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/run/event_log.h"
#include "fcis/train/run/run_directory.h"

namespace fcis::train {
namespace {

constexpr char kWorkingDirectory[] = "BUILD_WORKING_DIRECTORY";

}  // namespace

std::vector<std::string> MpiCommand(const MpiOptions& options,
                                    const std::vector<std::string>& program) {
  if (options.processes == 1 && options.hostfile.empty()) return program;
  std::vector<std::string> words = {
      FindInstalled("bin/fcis-mpiexec").value_or("mpiexec"), "-n",
      absl::StrCat(options.processes)};
  // In containers all is root's.
  if (geteuid() == 0) words.push_back("--allow-run-as-root");
  if (options.hostfile.empty()) {
    words.push_back("--oversubscribe");
  } else {
    words.insert(words.end(), {"--hostfile", options.hostfile});
  }
  // mpiexec would give each of two processes one core.
  words.insert(words.end(),
               {"--bind-to", "none", "--mca", "odls_base_sigkill_timeout",
                absl::StrCat(absl::ToInt64Seconds(options.kill_delay))});
  if (std::getenv(kWorkingDirectory) != nullptr) {
    words.insert(words.end(), {"-x", kWorkingDirectory});
  }
  words.insert(words.end(), options.extra.begin(), options.extra.end());
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

// As fcis/core/cli/flag_parser.h reads flags.
std::string OutOf(const std::vector<std::string>& program) {
  std::string out;
  for (size_t i = 1; i < program.size() && program[i] != "--"; ++i) {
    absl::string_view word = program[i];
    if (word == "-o" || word == "--out" || word == "-out") {
      if (i + 1 < program.size()) out = program[++i];
    } else if (absl::ConsumePrefix(&word, "--out=") ||
               absl::ConsumePrefix(&word, "-out=") ||
               absl::ConsumePrefix(&word, "-o=") ||
               absl::ConsumePrefix(&word, "-o")) {
      out = std::string(word);
    }
  }
  return out;
}

std::vector<std::string> WithFlags(std::vector<std::string> program,
                                   const std::vector<std::string>& flags) {
  program.insert(program.begin() + 1, flags.begin(), flags.end());
  return program;
}

std::vector<std::string> WithoutResume(std::vector<std::string> program) {
  program.erase(std::remove_if(program.begin(), program.end(),
                               [](absl::string_view word) {
                                 return word == "--resume" ||
                                        word == "-resume" ||
                                        absl::StartsWith(word, "--resume=");
                               }),
                program.end());
  return program;
}

std::string ShellText(const std::vector<std::string>& words) {
  return absl::StrJoin(words, " ", [](std::string* text, const auto& word) {
    text->append(ShellWord(word));
  });
}

namespace {

constexpr int kSignalled = 128;

// "exit code 1", "killed by signal 11".
std::string EndText(int code) {
  if (code <= kSignalled) return absl::StrCat("exit code ", code);
  const int signal = code - kSignalled;
  return absl::StrCat(
      "killed by signal ", signal,
      signal == SIGKILL ? ", which the system sends where memory ends" : "");
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
    const absl::Time start = SteadyNow();
    ASSIGN_OR_RETURN(const int code, runner_->Run(command));
    reached_ = ReadProgress(options_.run_directory);
    end_ =
        absl::StrCat("the job ended after ", DurationText(SteadyNow() - start),
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
