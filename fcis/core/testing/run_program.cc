#include "fcis/core/testing/run_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {

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
  const int status = std::system(
      absl::StrCat("cd '", directory, "' && '", program, "' ", arguments,
                   " > stdout.txt 2> stderr.txt < /dev/null")
          .c_str());
  return {ExitCodeOf(status),
          ReadFile(absl::StrCat(directory, "/stdout.txt")).value_or(""),
          ReadFile(absl::StrCat(directory, "/stderr.txt")).value_or("")};
}

std::string TwoRanks(const std::string& program, const std::string& first,
                     const std::string& second) {
  const std::string choice =
      absl::StrCat("if [ $OMPI_COMM_WORLD_RANK = 0 ]; then exec '", program,
                   "' ", first, "; else exec '", program, "' ", second, "; fi");
  return absl::StrCat(
      "mpiexec --allow-run-as-root --oversubscribe -n 2 sh -c '",
      absl::StrReplaceAll(choice, {{"'", "'\\''"}}), "'");
}

RunningProgram::RunningProgram(std::vector<std::string> command,
                               const std::string& log) {
  int in[2], out[2];
  EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = fdopen(out[0], "r");
}

RunningProgram::~RunningProgram() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    (void)Wait();
  }
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

void RunningProgram::Signal(int signal) const { kill(pid_, signal); }

int RunningProgram::Wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return ExitCodeOf(status);
}

}  // namespace fcis
