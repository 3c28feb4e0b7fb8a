#include "fcis/core/testing/run_program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

int OpenNew(const std::string& path) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  EXPECT_GE(fd, 0) << path;
  return fd;
}

}  // namespace

int ExitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string ProgramPath(const std::string& runfile) {
  const auto path = FindRunfile(runfile);
  EXPECT_TRUE(path.ok()) << path.status();
  return path.value_or("");
}

ProgramRun RunProgram(const std::string& directory, const std::string& program,
                      const std::string& arguments) {
  ShellJob job(absl::StrCat("cd '", directory, "' && '", program, "' ",
                            arguments, " > stdout.txt 2> stderr.txt"),
               "/dev/null");
  return {job.Wait(),
          ReadFile(absl::StrCat(directory, "/stdout.txt")).value_or(""),
          ReadFile(absl::StrCat(directory, "/stderr.txt")).value_or("")};
}

void UseOwnMpiPlace() {
  // Short: sockets' paths are.
  static char place[] = "/tmp/mpi.XXXXXX";
  static const bool made = [] {
    EXPECT_NE(mkdtemp(place), nullptr);
    for (const char* name : {"TMPDIR", "OMPI_MCA_btl_vader_backing_directory",
                             "OMPI_MCA_btl_sm_backing_directory"}) {
      setenv(name, place, 1);
    }
    return std::atexit([] {
             std::error_code error;
             std::filesystem::remove_all(place, error);
           }) == 0;
  }();
  EXPECT_TRUE(made);
}

std::string Mpiexec(int ranks) {
  UseOwnMpiPlace();
  // Open MPI leaves memory behind, which is no fault of ours where the tests
  // are under the address sanitizer.
  return absl::StrCat(
      "mpiexec -x ASAN_OPTIONS=detect_leaks=0 --allow-run-as-root "
      "--oversubscribe -n ",
      ranks);
}

std::string TwoRanks(const std::string& program, const std::string& first,
                     const std::string& second) {
  const std::string choice =
      absl::StrCat("if [ $OMPI_COMM_WORLD_RANK = 0 ]; then exec '", program,
                   "' ", first, "; else exec '", program, "' ", second, "; fi");
  return absl::StrCat(Mpiexec(2), " sh -c '",
                      absl::StrReplaceAll(choice, {{"'", "'\\''"}}), "'");
}

void ChildProcess::Start(std::vector<std::string> command, int in, int out,
                         int err) {
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  for (const int fd : {in, out, err}) close(fd);
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill(-pid_, SIGKILL);
  if (waited_) return;
  kill(pid_, SIGKILL);  // its group may not be there yet
  (void)Wait();
}

void ChildProcess::Signal(int signal) const { kill(pid_, signal); }

bool ChildProcess::Ended() const {
  siginfo_t ended = {};
  waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid != 0;
}

int ChildProcess::Wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  waited_ = true;
  return ExitCodeOf(status);
}

bool ChildProcess::LeftSomething() const { return kill(-pid_, 0) == 0; }

ShellJob::ShellJob(const std::string& command, const std::string& said)
    : said_(said) {
  const int out = OpenNew(said);
  Start({"/bin/sh", "-c", command}, open("/dev/null", O_RDONLY | O_CLOEXEC),
        out, fcntl(out, F_DUPFD_CLOEXEC, 0));
}

std::string ShellJob::said() const { return ReadFile(said_).value_or(""); }

void ShellJob::Await(const std::string& file) const {
  while (access(file.c_str(), F_OK) != 0 && !Ended()) usleep(1000);
}

RunningProgram::RunningProgram(std::vector<std::string> command,
                               const std::string& log) {
  int in[2], out[2];
  EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  Start(std::move(command), in[0], out[1], OpenNew(log));
  input_ = in[1];
  output_ = fdopen(out[0], "r");
}

RunningProgram::~RunningProgram() {
  close(input_);
  fclose(output_);
}

void RunningProgram::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(input_, bytes.data(), bytes.size());
    ASSERT_GT(wrote, 0);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
}

bool RunningProgram::ReadLine() {
  char line[4096];
  if (fgets(line, sizeof(line), output_) == nullptr) return false;
  said_ += line;
  return true;
}

bool RunningProgram::Read(size_t bytes) {
  const size_t before = said_.size();
  said_.resize(before + bytes);
  const size_t got = fread(&said_[before], 1, bytes, output_);
  said_.resize(before + got);
  return got == bytes;
}

}  // namespace fcis
