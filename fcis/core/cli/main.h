// The main() that every fcis program shares: flags, help, exit codes.
#ifndef FCIS_CORE_CLI_MAIN_H_
#define FCIS_CORE_CLI_MAIN_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "fcis/core/cli/flag_parser.h"

namespace fcis {

// Of all programs; --version prints it, and the commit of an installed one.
inline constexpr char kVersion[] = "0.1.0";

// What a program is called, which flags it has, and what --help says of it.
struct Program {
  std::string name;       // "demo"
  std::string arguments;  // "[flags] [picture or glob]..."
  // Paragraphs; lines are broken at 80 columns.
  std::string summary;
  struct FlagGroup {
    std::string title;
    std::vector<std::string> flags;
  };
  // All flags that the program has; others that it links are unknown to it.
  std::vector<FlagGroup> groups;
  ShortFlags short_flags;
  // By flag, for one that several programs have: what it means here, in place
  // of its own help, and its default here.
  std::map<std::string, std::string> texts, defaults;
  // Lines that --version prints below the version; may be null.
  std::function<std::string()> version_details;
  // Command lines.
  std::vector<std::string> examples;
};

// The whole text of --help.
std::string HelpPage(const Program& program);

// Parses the flags and calls `run` with the other arguments; prints an error to
// stderr. Returns the exit code (exit_code.h); --help and --version print to
// stdout and return 0. Installed programs (argv[0] is fcis-*) call themselves,
// and each other in examples, by these names.
int Main(int argc, char** argv, const Program& program,
         absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run);

// The same of a program for which any other argument is a UsageError.
int Main(int argc, char** argv, const Program& program,
         absl::FunctionRef<absl::Status()> run);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_MAIN_H_
