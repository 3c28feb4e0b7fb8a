// Programs, run by tests as their users run them.
#ifndef FCIS_CORE_TESTING_RUN_PROGRAM_H_
#define FCIS_CORE_TESTING_RUN_PROGRAM_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fcis {

// The file of one of the test's data, by its path in the workspace; where it is
// missing the test fails.
std::string ProgramPath(const std::string& runfile);

// The exit code of a wait status; of a signal 128 and its number.
int ExitCodeOf(int status);

struct ProgramRun {
  int code = -1;  // ExitCodeOf
  std::string out, err;
};

// Runs it in a directory, which takes what it says as two files. `arguments`:
// words of the shell, which may also lead to other places.
ProgramRun RunProgram(const std::string& directory, const std::string& program,
                      const std::string& arguments);

// Gives jobs of Open MPI that this test starts from now on a place of their own
// for the files that they keep while they run. Sandboxes share /tmp and
// /dev/shm and number their processes alike: two jobs would take each other's
// files.
void UseOwnMpiPlace();

// The beginning of the shell's command of a job of so many processes, which
// calls UseOwnMpiPlace.
std::string Mpiexec(int ranks);

// The shell's command of a job of two processes, each with its own arguments,
// which are words of the shell. (On several command lines, with colons, Open
// MPI 5.0.7's mpiexec crashes.)
std::string TwoRanks(const std::string& program, const std::string& first,
                     const std::string& second);

// A process in a group of its own, which ends with the test or before.
class ChildProcess {
 public:
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  bool Ended() const;
  // Its exit code, as above, once it has ended.
  int Wait();
  // After that: whether a process of its group still runs.
  bool LeftSomething() const;

 protected:
  ChildProcess() = default;
  // Starts it with these descriptors, which it closes here, as standard input,
  // output and error.
  void Start(std::vector<std::string> command, int in, int out, int err);

 private:
  pid_t pid_ = 0;
  bool waited_ = false;
};

// A command of the shell in the background.
class ShellJob : public ChildProcess {
 public:
  // Both its outputs go to the file `said`.
  ShellJob(const std::string& command, const std::string& said);

  std::string said() const;
  // Waits for a file, or for the end of the job.
  void Await(const std::string& file) const;

 private:
  const std::string said_;
};

// A program that goes on while the test talks to it.
class RunningProgram : public ChildProcess {
 public:
  // Starts it; stderr goes to the file `log`.
  RunningProgram(std::vector<std::string> command, const std::string& log);
  ~RunningProgram();

  // Writes all of it to the program's standard input.
  void Send(absl::string_view bytes);
  // Reads from its standard output, and appends to said(), a line or so many
  // bytes; false where it ended before.
  bool ReadLine();
  bool Read(size_t bytes);
  const std::string& said() const { return said_; }

 private:
  int input_ = -1;
  FILE* output_ = nullptr;
  std::string said_;
};

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_RUN_PROGRAM_H_
