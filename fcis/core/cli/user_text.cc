#include "fcis/core/cli/user_text.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/cli/paths.h"

namespace fcis {
namespace {

constexpr char kRed[] = "\033[1;31m", kYellow[] = "\033[1;33m",
               kPlain[] = "\033[0m";

std::string Painted(absl::string_view text, absl::string_view mark,
                    absl::string_view color) {
  return absl::StrCat(color, mark, kPlain, text.substr(mark.size()));
}

}  // namespace

bool ShowsColors(std::FILE* file) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
         *terminal != '\0' && absl::string_view(terminal) != "dumb" &&
         isatty(fileno(file)) == 1;
}

std::string TextFor(std::FILE* file, absl::string_view text,
                    absl::string_view mark) {
  constexpr absl::string_view kWarning = "warning:";
  const std::string shown = WithShortPaths(text);
  if (!ShowsColors(file)) return shown;
  if (absl::StartsWith(shown, mark)) return Painted(shown, mark, kRed);
  if (absl::StartsWith(shown, kWarning)) {
    return Painted(shown, kWarning, kYellow);
  }
  return shown;
}

void PrintLine(std::FILE* file, absl::string_view text) {
  absl::FPrintF(file, "%s\n", TextFor(file, text));
}

std::string ShellWord(absl::string_view text) {
  const bool plain = absl::c_all_of(text, [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("_-+=:,./@%", c);
  });
  if (plain && !text.empty()) return std::string(text);
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace fcis
