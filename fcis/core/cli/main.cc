#include "fcis/core/cli/main.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/memory_limit.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/last_words.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/user_text.h"

namespace fcis {
namespace {

#ifdef __OPTIMIZE__
static_assert(__USE_FORTIFY_LEVEL >= 2, "programs are shipped with it");
#endif

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

// With it in the environment, a program ends when its command line was read:
// release/documents_test.py tries those of the documents.
constexpr char kParseOnly[] = "FCIS_PARSE_ONLY";

// Of the names of installed programs: fcis-demo.
constexpr char kPrefix[] = "fcis-";

// What examples start beside our programs.
constexpr const char* kForeign[] = {"curl", "echo", "ffmpeg"};

// Also of what mpiexec, launch and a pipe start, if no path says which.
std::string InstalledExample(absl::string_view example) {
  std::vector<std::string> words = absl::StrSplit(example, ' ');
  const bool is_job = words[0] == "mpiexec";  // -n 2 train
  for (size_t i = 0; i < words.size(); ++i) {
    const bool starts = i == 0 || (is_job && i == 3) || words[i - 1] == "|" ||
                        words[i - 1] == "--";
    const bool is_name = absl::c_all_of(
        words[i], [](char c) { return absl::ascii_islower(c) || c == '_'; });
    if (starts && is_name && !absl::c_linear_search(kForeign, words[i])) {
      words[i] =
          absl::StrCat(kPrefix, absl::StrReplaceAll(words[i], {{"_", "-"}}));
    }
  }
  return absl::StrJoin(words, " ");
}

// The program by the name that it was called by, if that is an installed one's.
Program AsCalled(Program program, absl::string_view path) {
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  if (!absl::StartsWith(name, kPrefix)) return program;
  program.name = std::string(name);
  for (std::string& example : program.examples) {
    example = InstalledExample(example);
  }
  return program;
}

std::string ShortName(const Program& program, absl::string_view flag) {
  for (const auto& [letter, name] : program.short_flags) {
    if (name == flag) return absl::StrCat("-", std::string(1, letter), ", ");
  }
  return "";
}

std::string ValueOr(const std::map<std::string, std::string>& map,
                    const std::string& key, std::string otherwise) {
  const auto found = map.find(key);
  return found == map.end() ? std::move(otherwise) : found->second;
}

// A flag whose default says nothing ("", unset) explains it in its help text.
// What is off unless its flag is given needs no word about that; what may be on
// without one is switched off by --no.
std::string FlagHelp(const Program& program,
                     const absl::CommandLineFlag& flag) {
  const std::string name(flag.Name());
  const std::string kind = FlagValueKind(flag);
  const std::string text = ValueOr(program.texts, name, flag.Help());
  std::string value = ValueOr(program.defaults, name, flag.DefaultValue());
  const bool is_switch = kind.empty();
  const bool is_off = is_switch && value == "false";
  if (is_off) value.clear();
  return absl::StrCat(
      "  ", ShortName(program, name), is_switch && !is_off ? "--[no]" : "--",
      name, is_switch ? "" : " ", kind, "\n",
      Wrap(value.empty() ? text : absl::StrCat(text, " (default: ", value, ")"),
           "      "));
}

FlagMap FlagsOf(const Program& program) {
  const FlagMap all = OwnFlags();
  FlagMap flags;
  for (const Program::FlagGroup& group : program.groups) {
    for (const std::string& name : group.flags) {
      flags.emplace(name, all.at(name));
    }
  }
  return flags;
}

// Errors: a default that its flag does not take, a bug of the program.
absl::Status SetDefaults(const Program& program, const FlagMap& flags) {
  for (const auto& [name, value] : program.defaults) {
    std::string error;
    if (!flags.at(name)->ParseFrom(value, &error)) {
      return absl::InternalError(
          absl::StrCat("default of --", name, ": ", error));
    }
  }
  return absl::OkStatus();
}

// From which commit an installed program was built.
std::string Commit() {
  const absl::StatusOr<std::string> file = FindInstalled("share/fcis/commit");
  std::string commit;
  if (file.ok()) std::getline(std::ifstream(*file), commit);
  return commit.empty() ? "no commit known" : absl::StrCat("commit ", commit);
}

absl::Status Flush(FILE* file) {
  if (std::fflush(file) == 0 && !std::ferror(file)) return absl::OkStatus();
  return absl::DataLossError("cannot write to the standard output");
}

absl::Status Run(
    int argc, char** argv, const Program& program,
    absl::FunctionRef<absl::Status(const std::vector<std::string>&)> run) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const FlagMap flags = FlagsOf(program);
  RETURN_IF_ERROR(SetDefaults(program, flags));
  ASSIGN_OR_RETURN(const CommandLine line,
                   ParseFlags(args, program.short_flags, flags));
  absl::Status status;
  if (line.help) {
    std::fputs(HelpPage(program).c_str(), stdout);
  } else if (line.version) {
    std::printf("fcis %s %s (%s)\n",
                std::string(absl::StripPrefix(program.name, kPrefix)).c_str(),
                kVersion, Commit().c_str());
    if (program.version_details) {
      std::fputs(program.version_details().c_str(), stdout);
    }
  } else if (std::getenv(kParseOnly) == nullptr) {
    status = run(line.arguments);
  }
  const absl::Status flushed = Flush(stdout);
  return status.ok() ? flushed : status;
}

}  // namespace

std::string HelpPage(const Program& program) {
  std::string page =
      absl::StrCat("Usage: ", program.name, " ", program.arguments, "\n\n",
                   Wrap(program.summary, ""));
  const FlagMap flags = OwnFlags();
  for (const Program::FlagGroup& group : program.groups) {
    absl::StrAppend(&page, "\n", group.title, ":\n");
    for (const std::string& name : group.flags) {
      absl::StrAppend(&page, FlagHelp(program, *flags.at(name)));
    }
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
  UseFewAddresses();
  // A reader that went away (| head) shows as a failed write.
  std::signal(SIGPIPE, SIG_IGN);
  const Program called = AsCalled(program, argv[0]);
  InstallLastWords(called.name);
  const absl::Status status = Run(argc, argv, called, run);
  if (status.ok()) return kExitOk;
  const std::string mark = absl::StrCat(called.name, ":");
  const std::string line =
      TextFor(stderr, absl::StrCat(mark, " ", status.message()), mark);
  std::fprintf(stderr, "%s\n", line.c_str());
  const int code = ExitCode(status);
  if (code == kExitUsage) {
    std::fprintf(stderr, "Try '%s --help'.\n", called.name.c_str());
  }
  return code;
}

int Main(int argc, char** argv, const Program& program,
         absl::FunctionRef<absl::Status()> run) {
  return Main(
      argc, argv, program, [&](const std::vector<std::string>& arguments) {
        return arguments.empty() ? run()
                                 : UsageError(absl::StrCat(
                                       "unexpected argument: ", arguments[0]));
      });
}

}  // namespace fcis
