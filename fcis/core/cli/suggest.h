// What is wrong with a flag's value; "did you mean": names close to one that is
// not known.
#ifndef FCIS_CORE_CLI_SUGGEST_H_
#define FCIS_CORE_CLI_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/cli/exit_code.h"

namespace fcis {

// Insertions, deletions, substitutions and swaps of neighbours that turn `a`
// into `b` (optimal string alignment), letter case ignored.
int EditDistance(absl::string_view a, absl::string_view b);

// At most three of `known`, the closest first: those within a third of the
// longer name's length, or containing `name` (of two letters at least), or
// contained in it. Empty when nothing is close.
std::vector<std::string> ClosestNames(absl::string_view name,
                                      absl::Span<const std::string> known);

// "; did you mean a, b or c?", each with `prefix`; "" when nothing is close.
std::string DidYouMean(absl::string_view name,
                       absl::Span<const std::string> known,
                       absl::string_view prefix = "");

// OK when the flag's number is at least `least`; else, so for NaN, a UsageError
// that names the flag and both.
template <typename T>
absl::Status CheckAtLeast(const absl::Flag<T>& flag, double least) {
  const T value = absl::GetFlag(flag);
  if (value >= least) return absl::OkStatus();
  return UsageError(absl::StrCat("--",
                                 absl::GetFlagReflectionHandle(flag).Name(),
                                 "=", value, ": expected at least ", least));
}

// The same of a number from `least` to `most`.
template <typename T>
absl::Status CheckRange(absl::string_view flag, T value, double least,
                        double most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return UsageError(
      absl::StrCat("--", flag, "=", value, ": expected ", least, " to ", most));
}
template <typename T>
absl::Status CheckRange(const absl::Flag<T>& flag, double least, double most) {
  return CheckRange(absl::GetFlagReflectionHandle(flag).Name(),
                    absl::GetFlag(flag), least, most);
}

// OK when `value` is one of `choices`; else a UsageError that names the flag,
// the value, the choices and the closest one.
absl::Status CheckChoice(absl::string_view flag, absl::string_view value,
                         absl::Span<const std::string> choices);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_SUGGEST_H_
