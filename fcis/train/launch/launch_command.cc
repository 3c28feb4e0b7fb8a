#include "fcis/train/launch/launch_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace fcis::train {
namespace {

constexpr char kWorkingDirectory[] = "BUILD_WORKING_DIRECTORY";

bool IsPlain(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("-_=./:,+@%").find(c) != absl::string_view::npos;
  });
}

}  // namespace

std::vector<std::string> MpiCommand(const MpiOptions& options,
                                    const std::vector<std::string>& program) {
  if (options.processes == 1 && options.hostfile.empty()) return program;
  std::vector<std::string> words = {"mpiexec", "-n",
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
  std::string text;
  for (const std::string& word : words) {
    absl::StrAppend(&text, text.empty() ? "" : " ");
    if (IsPlain(word)) {
      text += word;
    } else {
      absl::StrAppend(&text, "'", absl::StrReplaceAll(word, {{"'", "'\\''"}}),
                      "'");
    }
  }
  return text;
}

}  // namespace fcis::train
