// Lines for the user: short paths everywhere, a little colour on a terminal.
#ifndef FCIS_CORE_CLI_USER_TEXT_H_
#define FCIS_CORE_CLI_USER_TEXT_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// Whether `file` shows colours: a terminal that is not "dumb", without NO_COLOR
// in the environment (https://no-color.org).
bool ShowsColors(std::FILE* file);

// `text` as it goes to `file`: WithShortPaths; where colours show, a mark that
// it begins with is red ("error:", also `mark`) or yellow ("warning:").
std::string TextFor(std::FILE* file, absl::string_view text,
                    absl::string_view mark = "error:");

// Prints TextFor and a line's end.
void PrintLine(std::FILE* file, absl::string_view text);

// The text as one word of a shell: as it is, or in quotes.
std::string ShellWord(absl::string_view text);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_USER_TEXT_H_
