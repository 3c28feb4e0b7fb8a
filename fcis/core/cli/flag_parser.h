// Reads a command line into absl flags: our own reader of their registry,
// because absl::ParseCommandLine exits 1 for a bad flag, knows no short names
// and distinguishes --data-dir from --data_dir.
#ifndef FCIS_CORE_CLI_FLAG_PARSER_H_
#define FCIS_CORE_CLI_FLAG_PARSER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fcis {

// 'm' -> "modelpath" for -m.
using ShortFlags = std::map<char, std::string>;

struct CommandLine {
  // --help or -h, --version: no flag was set then.
  bool help = false;
  bool version = false;
  // What is not a flag, in order.
  std::vector<std::string> arguments;
};

using FlagMap = std::map<std::string, absl::CommandLineFlag*>;  // by name

// The flags that this project defines and the program links. (absl's own, such
// as --flagfile, are not offered.)
FlagMap OwnFlags();

// "<number>", "<integer>", "<text>"; "" for a flag that needs no value.
std::string FlagValueKind(const absl::CommandLineFlag& flag);

// Sets those of `flags` named in `args` (without the program's name):
// --name=value,
// --name value (also when the value is negative), --name and --noname for
// booleans, -m value, -mvalue; '-' and '_' in names are the same; "--" ends the
// flags; the last of several wins. Errors are UsageErrors: an unknown flag
// (with the closest names), a missing or unreadable value. Flags before the
// faulty one stay set.
absl::StatusOr<CommandLine> ParseFlags(absl::Span<const std::string> args,
                                       const ShortFlags& short_flags,
                                       const FlagMap& flags = OwnFlags());

// Whether ParseFlags set this flag, also to its default value.
bool FlagWasGiven(absl::string_view name);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_FLAG_PARSER_H_
