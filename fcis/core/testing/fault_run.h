// Runs programs whose system calls fail, one after another, and looks at what
// they leave behind.
#ifndef FCIS_CORE_TESTING_FAULT_RUN_H_
#define FCIS_CORE_TESTING_FAULT_RUN_H_

#include <functional>
#include <string>
#include <vector>

namespace fcis {

struct FaultRun {
  int code = -1;        // exit code; 128 and the signal that ended it
  std::string said;     // both outputs
  bool failed = false;  // whether a call did
};

// The environment, as NAME=value, of a program that is to meet a fault: the
// calls `call` (open for writing, read, write, fsync or rename) about files
// whose path, as the kernel writes it, holds `path` fail with `error`, from
// number `from` on (1: all); fault_shim.cc has what other calls and errors
// mean.
std::vector<std::string> FaultVariables(const std::string& call,
                                        const std::string& path, int from,
                                        int error);

// Runs the shell's `command` with these. A process that is left running fails
// the test.
FaultRun RunWithFault(const std::string& command, const std::string& call,
                      const std::string& path, int from, int error);

struct FaultCampaign {
  // The shell's; writes below `directory` only, which need not exist. Run
  // again, it completes or repeats what it has begun.
  std::string command;
  std::string directory;
  // What it reads, which may fail as well: files whose path holds this. "":
  // that is not tried.
  std::string input = "";
  // Whether a file, by its path below the directory, is replaced as a whole: at
  // any time missing or complete. Of others only the end counts.
  std::function<bool(const std::string& file)> whole = [](const std::string&) {
    return true;
  };
  // From one failing call to the next that is tried, and farther on more.
  int step = 1;
  // Where SIGTERM or too little memory ends it, what was done before stays;
  // after the signal the exit code is 0, or 1 where that is nothing.
  bool keeps_what_is_done = false;
};

// Lets one call after another fail: the disk is full, broken, only for reading,
// or the directory has gone. Each time the program must end with exit code 1
// and the reason, leave no file in part and no temporary one, and, run again
// without a fault, make what it makes when nothing fails. That it must also
// where a signal ended it at one of these calls, and where it had too little
// memory, which it says. Then reads and writes in small parts, interrupted ones
// and a clock that jumps must change nothing. Returns how many runs met a
// fault.
int ExpectSurvives(const FaultCampaign& campaign);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_FAULT_RUN_H_
