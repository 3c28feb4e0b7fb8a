// Runs programs whose system calls fail, one after another, and looks at what
// they leave behind.
#ifndef FCIS_CORE_TESTING_FAULT_RUN_H_
#define FCIS_CORE_TESTING_FAULT_RUN_H_

#include <functional>
#include <string>

namespace fcis {

struct FaultRun {
  int code = -1;        // exit code; -1: ended by a signal
  std::string said;     // both outputs
  bool failed = false;  // whether a call did
};

// Runs the shell's `command`. The calls `call` (open for writing, write, fsync
// or rename) about files whose path, as the kernel writes it, holds `path` fail
// with `error`, from number `from` on (1: all); fault_shim.cc has what other
// errors mean.
FaultRun RunWithFault(const std::string& command, const std::string& call,
                      const std::string& path, int from, int error);

struct FaultCampaign {
  // The shell's; writes below `directory` only, which need not exist. Run
  // again, it completes or repeats what it has begun.
  std::string command;
  std::string directory;
  // Whether a file, by its path below the directory, is replaced as a whole: at
  // any time missing or complete. Of others only the end counts.
  std::function<bool(const std::string& file)> whole = [](const std::string&) {
    return true;
  };
  // From one failing call to the next that is tried, and farther on more.
  int step = 1;
};

// Lets one call after another fail, because the disk is full and because it is
// broken. Each time the program must end with exit code 1 and the reason, leave
// no file in part and no temporary one, and, run again without a fault, make
// what it makes when nothing fails. Then writes in small parts and interrupted
// ones must change nothing. Returns how many runs met a fault.
int ExpectSurvives(const FaultCampaign& campaign);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_FAULT_RUN_H_
