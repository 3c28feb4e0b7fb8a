// The main() that every fcis program shares: flags, help, exit codes.
#ifndef FCIS_CORE_CLI_MAIN_H_
#define FCIS_CORE_CLI_MAIN_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "fcis/core/cli/flag_parser.h"

namespace fcis {

// Of all programs; --version prints it.
inline constexpr char kVersion[] = "0.1.0";

// What --help says about a program beyond its flags' own texts.
struct Program {
  std::string name;       // "demo"
  std::string arguments;  // "[flags] [picture or glob]..."
  // Paragraphs; lines are broken at 80 columns.
  std::string summary;
  struct FlagGroup {
    std::string title;
    std::vector<std::string> flags;
  };
  // Flags that no group names follow under "Other flags".
  std::vector<FlagGroup> groups;
  ShortFlags short_flags;
  // Lines that --version prints below the version; may be null.
  std::function<std::string()> version_details;
  // Command lines.
  std::vector<std::string> examples;
};

// The whole text of --help.
std::string HelpPage(const Program& program);

// Parses the flags and calls `run` with the other arguments; prints an error to
// stderr. Returns the exit code (exit_code.h); --help and --version print to
// stdout and return 0.
int Main(int argc, char** argv, const Program& program,
         absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_MAIN_H_
