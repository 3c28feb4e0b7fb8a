#include "fcis/core/cli/flag_parser.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"

namespace fcis {
namespace {

template <typename T>
bool Holds(const absl::CommandLineFlag& flag) {
  return flag.IsOfType<T>() || flag.IsOfType<std::optional<T>>();
}

std::string Underscored(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"-", "_"}});
}

absl::CommandLineFlag* Find(const FlagMap& flags, const std::string& name) {
  const auto it = flags.find(name);
  return it == flags.end() ? nullptr : it->second;
}

// The boolean that --noname or --no_name switches off.
absl::CommandLineFlag* FindNegated(const FlagMap& flags,
                                   absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "no")) return nullptr;
  absl::CommandLineFlag* flag = Find(flags, std::string(name));
  if (flag == nullptr && absl::ConsumePrefix(&name, "_")) {
    flag = Find(flags, std::string(name));
  }
  return flag != nullptr && Holds<bool>(*flag) ? flag : nullptr;
}

absl::Status UnknownFlag(absl::string_view written, const std::string& name,
                         const FlagMap& flags) {
  std::vector<std::string> known = {"help", "version"};
  for (const auto& entry : flags) known.push_back(entry.first);
  return UsageError(
      absl::StrCat("unknown flag ", written, DidYouMean(name, known, "--")));
}

std::set<std::string, std::less<>>& GivenFlags() {
  static auto& given = *new std::set<std::string, std::less<>>;
  return given;
}

absl::Status SetFlag(absl::CommandLineFlag& flag, absl::string_view value) {
  std::string error;
  if (flag.ParseFrom(value, &error)) {
    GivenFlags().emplace(flag.Name());
    return absl::OkStatus();
  }
  return UsageError(
      absl::StrCat("--", flag.Name(), "=", value, ": expected ",
                   Holds<bool>(flag) ? "true or false" : FlagValueKind(flag)));
}

class Parser {
 public:
  Parser(absl::Span<const std::string> args, const ShortFlags& short_flags,
         const FlagMap& flags)
      : args_(args), short_flags_(short_flags), flags_(flags) {}

  absl::StatusOr<CommandLine> Parse() {
    CommandLine line;
    if (AsksForInformation(&line)) return line;
    for (; next_ < args_.size(); ++next_) {
      const std::string& arg = args_[next_];
      if (arg == "--") {
        line.arguments.insert(line.arguments.end(), args_.begin() + next_ + 1,
                              args_.end());
        break;
      }
      if (arg.size() < 2 || arg[0] != '-') {
        line.arguments.push_back(arg);
      } else {
        RETURN_IF_ERROR(ParseFlag(arg));
      }
    }
    return line;
  }

 private:
  // --help wins over everything else on the line, mistakes included.
  bool AsksForInformation(CommandLine* line) const {
    for (const std::string& arg : args_) {
      if (arg == "--") break;
      line->help |= arg == "--help" || arg == "-h" || arg == "-help";
      line->version |= arg == "--version" || arg == "-version";
    }
    return line->help || line->version;
  }

  absl::Status ParseFlag(const std::string& arg) {
    absl::string_view body = arg;
    const bool one_dash = !absl::StartsWith(arg, "--");
    body.remove_prefix(one_dash ? 1 : 2);
    const size_t equals = body.find('=');
    const std::string name = Underscored(body.substr(0, equals));
    std::optional<absl::string_view> value;
    if (equals != absl::string_view::npos) value = body.substr(equals + 1);

    if (absl::CommandLineFlag* flag = Find(flags_, name)) {
      return SetOrTakeNext(*flag, value);
    }
    if (absl::CommandLineFlag* flag = FindNegated(flags_, name)) {
      if (!value) return SetFlag(*flag, "false");
    }
    const auto short_flag =
        one_dash ? short_flags_.find(body[0]) : short_flags_.end();
    if (short_flag == short_flags_.end()) {
      return UnknownFlag(arg.substr(0, arg.find('=')), name, flags_);
    }
    body.remove_prefix(1);
    if (!body.empty()) value = absl::StripPrefix(body, "=");
    return SetOrTakeNext(*flags_.at(short_flag->second), value);
  }

  absl::Status SetOrTakeNext(absl::CommandLineFlag& flag,
                             std::optional<absl::string_view> value) {
    if (value) return SetFlag(flag, *value);
    if (Holds<bool>(flag)) return SetFlag(flag, "true");
    if (next_ + 1 >= args_.size() || IsFlag(args_[next_ + 1])) {
      return UsageError(absl::StrCat("--", flag.Name(),
                                     " needs a value: ", FlagValueKind(flag)));
    }
    return SetFlag(flag, args_[++next_]);
  }

  // A value may begin with a dash (-1); a known flag's name is a flag.
  bool IsFlag(absl::string_view arg) const {
    return absl::ConsumePrefix(&arg, "--") &&
           Find(flags_, Underscored(arg.substr(0, arg.find('=')))) != nullptr;
  }

  const absl::Span<const std::string> args_;
  const ShortFlags& short_flags_;
  const FlagMap& flags_;
  size_t next_ = 0;
};

}  // namespace

FlagMap OwnFlags() {
  FlagMap own;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (absl::StartsWith(flag->Filename(), "fcis/")) {
      own.emplace(std::string(name), flag);
    }
  }
  return own;
}

std::string FlagValueKind(const absl::CommandLineFlag& flag) {
  if (Holds<bool>(flag)) return "";
  if (Holds<int32_t>(flag) || Holds<int64_t>(flag) || Holds<uint64_t>(flag)) {
    return "<integer>";
  }
  if (Holds<float>(flag) || Holds<double>(flag)) return "<number>";
  if (Holds<std::string>(flag)) return "<text>";
  return "<value>";
}

absl::StatusOr<CommandLine> ParseFlags(absl::Span<const std::string> args,
                                       const ShortFlags& short_flags,
                                       const FlagMap& flags) {
  return Parser(args, short_flags, flags).Parse();
}

bool FlagWasGiven(absl::string_view name) {
  return GivenFlags().count(name) > 0;
}

}  // namespace fcis
