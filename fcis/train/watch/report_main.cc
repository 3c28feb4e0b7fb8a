// The page of training runs: of one, or of several beside each other.
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/io/file.h"
#include "fcis/train/watch/watch_flags.h"
#include "fcis/train/watch/watch_page.h"

ABSL_FLAG(std::string, run, "", "The directory of a run, as an argument is.");

namespace fcis::train {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "report";
  program.arguments = "[flags] run...";
  program.summary =
      "Makes a page of training runs, by their directories: losses, scores of "
      "the validations, speed and memory, what was found in a few pictures as "
      "the model learned, and what each run was begun with. Several runs are "
      "shown beside each other, with what differs between them. The page is "
      "one file that needs nothing else; --watch serves it while the runs go "
      "on.";
  program.groups = {{"Runs", {"run"}},
                    {"Output", {"out", "watch", "watch_port"}}};
  program.texts = {{"out", "The page, a .html."},
                   {"watch",
                    "Serve the page to a browser on this machine, always with "
                    "what the runs are by then, until Ctrl-C."}};
  program.defaults = {{"out", "report.html"}};
  program.short_flags = {{'o', "out"}};
  program.examples = {"report run --out page.html", "report run1 run2 run3",
                      "report --run run --watch"};
  return program;
}

// Until SIGINT or SIGTERM.
absl::Status Serve(const std::vector<std::string>& runs) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // also in the server's threads
  ASSIGN_OR_RETURN(const auto server, ServeFromFlags(runs));
  std::printf("%s  (Ctrl-C ends it)\n", server->url().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  std::vector<std::string> runs;
  if (const std::string run = absl::GetFlag(FLAGS_run); !run.empty()) {
    runs.push_back(ResolvePath(run));
  }
  for (const std::string& run : arguments) runs.push_back(ResolvePath(run));
  if (runs.empty()) {
    return UsageError("expected the directories of one run or more");
  }
  RETURN_IF_ERROR(CheckWatchFlags());
  if (absl::GetFlag(FLAGS_watch)) {
    RETURN_IF_ERROR(CheckRuns(runs));
    return Serve(runs);
  }
  ASSIGN_OR_RETURN(const std::string page, ReportPage(runs));
  const std::string out = ResolvePath(absl::GetFlag(FLAGS_out));
  RETURN_IF_ERROR(WriteFileAtomic(out, page));
  PrintLine(stdout, out);
  return absl::OkStatus();
}

}  // namespace
}  // namespace fcis::train

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::train::MakeProgram(), fcis::train::Run);
}
