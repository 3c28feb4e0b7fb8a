// The command lines of the supervisor: what the user gave after "--", with what
// mpiexec and a resume need.
#ifndef FCIS_TRAIN_LAUNCH_LAUNCH_COMMAND_H_
#define FCIS_TRAIN_LAUNCH_LAUNCH_COMMAND_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fcis::train {

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

}  // namespace fcis::train

#endif  // FCIS_TRAIN_LAUNCH_LAUNCH_COMMAND_H_
