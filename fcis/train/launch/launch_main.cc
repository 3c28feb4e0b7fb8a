// Starts training on several processes, and again after a failure.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/file.h"
#include "fcis/train/launch/supervisor.h"
#include "fcis/train/run/run_directory.h"

ABSL_FLAG(int, processes, 1, "How many processes train.");
ABSL_FLAG(std::string, hostfile, "",
          "Open MPI's list of hosts (\"name slots=8\" a line). Program, data "
          "and run directory must be there under the same paths. Default: "
          "this machine.");
ABSL_FLAG(int, max_restarts, 3, "How often a failed job is started again.");
ABSL_FLAG(int, kill_delay, 20,
          "Seconds that mpiexec leaves a process between SIGTERM and SIGKILL: "
          "long enough for an iteration and a save. After the crash of one "
          "process the job ends up to twice as many seconds later.");
ABSL_FLAG(std::string, mpi_flags, "",
          "More flags for mpiexec, separated by spaces.");

namespace fcis::train {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "launch";
  program.arguments = "[flags] -- train [its flags]...";
  program.summary =
      "Starts train under mpiexec, and again, with --resume, when a "
      "process crashed or hung. Asked to stop (Ctrl-C, SIGTERM, SIGUSR1), the "
      "job saves a checkpoint and leaves; asked again, it ends at once. Gives "
      "up when the command line is wrong or when an attempt comes no further "
      "than those before it.";
  program.groups = {{"Job", {"processes", "hostfile", "mpi_flags"}},
                    {"Failures", {"max_restarts", "kill_delay"}}};
  program.short_flags = {{'n', "processes"}};
  program.examples = {
      "launch -n 2 -- train --config small_scenes -o run",
      "launch -n 16 --hostfile hosts -- train -o /shared/run --resume"};
  return program;
}

void Say(absl::string_view line) {
  PrintLine(stderr, absl::StrCat("launch: ", line));
}

absl::Status CheckFlags(const std::vector<std::string>& program) {
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_processes, 1));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_max_restarts, 0));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_kill_delay, 1));
  if (program.empty()) {
    return UsageError("the program to start is missing: -- train ...");
  }
  const std::string hostfile = ResolvePath(absl::GetFlag(FLAGS_hostfile));
  if (hostfile.empty()) return absl::OkStatus();
  return MappedFile::Open(hostfile).status();
}

// A path as the user wrote it; for train, by any of its names, this program's
// own; any other name is one in $PATH.
std::string FindProgram(const std::string& name) {
  if (name.find('/') != name.npos) return ResolvePath(name);
  if (name != "train" && name != "train_main" && name != "fcis-train") {
    return name;
  }
  const auto installed = FindInstalled("bin/fcis-train");
  if (installed.ok()) return *installed;
  return FindRunfile("fcis/train/main/train_main").value_or(name);
}

MpiOptions JobOptions() {
  MpiOptions options;
  options.processes = absl::GetFlag(FLAGS_processes);
  options.hostfile = ResolvePath(absl::GetFlag(FLAGS_hostfile));
  options.kill_delay = absl::Seconds(absl::GetFlag(FLAGS_kill_delay));
  options.extra =
      absl::StrSplit(absl::GetFlag(FLAGS_mpi_flags), ' ', absl::SkipEmpty());
  return options;
}

absl::Status Run(std::vector<std::string> program) {
  RETURN_IF_ERROR(CheckFlags(program));
  program[0] = FindProgram(program[0]);
  SupervisorOptions options;
  options.run_directory = ResolvePath(OutOf(program));
  if (options.run_directory.empty()) {
    // Named here: a restart must find it again.
    options.run_directory = ResolvePath(absl::StrCat(
        "out/",
        absl::FormatTime("%Y%m%d_%H%M%S", absl::Now(), absl::LocalTimeZone())));
    program = WithFlags(program, {"--out", options.run_directory});
  }
  options.max_restarts = absl::GetFlag(FLAGS_max_restarts);
  options.say = Say;
  bool first = true;
  options.command = [&](bool resume) {
    // The first time the user decides.
    const std::vector<std::string> words =
        first    ? program
        : resume ? WithFlags(WithoutResume(program), {"--resume"})
                 : WithoutResume(program);
    first = false;
    return MpiCommand(JobOptions(), words);
  };
  Say(absl::StrCat("the run's directory is ", options.run_directory));
  ChildRunner runner;
  return Supervise(options, &runner);
}

}  // namespace
}  // namespace fcis::train

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::train::MakeProgram(), fcis::train::Run);
}
