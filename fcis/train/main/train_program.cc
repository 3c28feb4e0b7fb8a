#include "fcis/train/main/train_program.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {

std::string TinyFlags(const std::string& set) {
  return absl::StrCat(
      "--config small_scenes --precision f32 --set 'model: \"parity_mini\" "
      "scenes { count: 10 height: 64 width: 80 } schedule { "
      "warmup_iterations: 4 } ",
      set, "' ");
}

std::string TrainProgram() {
  return *FindRunfile("fcis/train/main/train_main");
}

Outcome Shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

Outcome Train(const std::string& flags) {
  return Shell(absl::StrCat(TrainProgram(), " ", flags));
}

std::string Mpi(int ranks, const std::string& flags) {
  return absl::StrCat("mpiexec --allow-run-as-root --oversubscribe -n ", ranks,
                      " ", TrainProgram(), " ", flags);
}

// A directory that does not exist yet.
std::string NewDirectory(const std::string& name) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  Shell(absl::StrCat("rm -rf ", path));
  return path;
}

// One object per iteration.
std::vector<rapidjson::Document> ReadLog(const std::string& run) {
  std::vector<rapidjson::Document> lines;
  const std::string text = *ReadFile(run + "/log.jsonl");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty()) continue;
    lines.emplace_back();
    lines.back().Parse(line.data(), line.size());
    EXPECT_FALSE(lines.back().HasParseError()) << line;
  }
  return lines;
}

}  // namespace fcis
