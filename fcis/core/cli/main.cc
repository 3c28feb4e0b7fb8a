#include "fcis/core/cli/main.h"

#include <csignal>
#include <cstdio>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/exit_code.h"

namespace fcis {
namespace {

constexpr size_t kColumns = 80;

// `text` in lines of at most kColumns, each with `indent`; line breaks of the
// text stay.
std::string Wrap(absl::string_view text, absl::string_view indent) {
  std::string page;
  for (absl::string_view paragraph : absl::StrSplit(text, '\n')) {
    std::string line(indent);
    for (absl::string_view word :
         absl::StrSplit(paragraph, ' ', absl::SkipEmpty())) {
      if (line.size() > indent.size() &&
          line.size() + 1 + word.size() > kColumns) {
        absl::StrAppend(&page, line, "\n");
        line = std::string(indent);
      }
      absl::StrAppend(&line, line.size() > indent.size() ? " " : "", word);
    }
    absl::StrAppend(&page, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return page;
}

std::string ShortName(const Program& program, absl::string_view flag) {
  for (const auto& [letter, name] : program.short_flags) {
    if (name == flag) return absl::StrCat("-", std::string(1, letter), ", ");
  }
  return "";
}

// A flag whose default says nothing ("", unset) explains it in its help text.
std::string FlagHelp(const Program& program,
                     const absl::CommandLineFlag& flag) {
  std::string page =
      absl::StrCat("  ", ShortName(program, flag.Name()), "--", flag.Name());
  const std::string kind = FlagValueKind(flag);
  if (!kind.empty()) absl::StrAppend(&page, " ", kind);
  const std::string value = flag.DefaultValue();
  const std::string suffix =
      value.empty() ? "" : absl::StrCat(" (default: ", value, ")");
  absl::StrAppend(&page, "\n",
                  Wrap(absl::StrCat(flag.Help(), suffix), "      "));
  return page;
}

absl::Status Flush(FILE* file) {
  if (std::fflush(file) == 0 && !std::ferror(file)) return absl::OkStatus();
  return absl::DataLossError("cannot write to the standard output");
}

absl::Status Run(
    int argc, char** argv, const Program& program,
    absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  absl::StatusOr<CommandLine> line = ParseFlags(args, program.short_flags);
  if (!line.ok()) return line.status();
  absl::Status status;
  if (line->help) {
    std::fputs(HelpPage(program).c_str(), stdout);
  } else if (line->version) {
    std::printf("fcis %s %s\n", program.name.c_str(), kVersion);
    if (program.version_details) {
      std::fputs(program.version_details().c_str(), stdout);
    }
  } else {
    status = run(line->arguments);
  }
  const absl::Status flushed = Flush(stdout);
  return status.ok() ? flushed : status;
}

}  // namespace

std::string HelpPage(const Program& program) {
  std::string page =
      absl::StrCat("Usage: ", program.name, " ", program.arguments, "\n\n",
                   Wrap(program.summary, ""));
  std::map<std::string, absl::CommandLineFlag*> rest = OwnFlags();
  for (const Program::FlagGroup& group : program.groups) {
    absl::StrAppend(&page, "\n", group.title, ":\n");
    for (const std::string& name : group.flags) {
      absl::StrAppend(&page, FlagHelp(program, *rest.at(name)));
      rest.erase(name);
    }
  }
  absl::StrAppend(&page, rest.empty() ? "" : "\nOther flags:\n");
  for (const auto& [name, flag] : rest) {
    absl::StrAppend(&page, FlagHelp(program, *flag));
  }
  absl::StrAppend(
      &page, "\n",
      Wrap("--help, --version: print and exit. Flags may be written with - or "
           "_.\nExit codes: 0 done, 1 something failed, 2 wrong command line, "
           "3 verification failed.",
           ""));
  if (!program.examples.empty()) {
    absl::StrAppend(&page, "\nExamples:\n  ",
                    absl::StrJoin(program.examples, "\n  "), "\n");
  }
  return page;
}

int Main(int argc, char** argv, const Program& program,
         absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run) {
  // A reader that went away (| head) shows as a failed write.
  std::signal(SIGPIPE, SIG_IGN);
  const absl::Status status = Run(argc, argv, program, run);
  if (status.ok()) return kExitOk;
  std::fprintf(stderr, "%s: %s\n", program.name.c_str(),
               std::string(status.message()).c_str());
  const int code = ExitCode(status);
  if (code == kExitUsage) {
    std::fprintf(stderr, "Try '%s --help'.\n", program.name.c_str());
  }
  return code;
}

}  // namespace fcis
