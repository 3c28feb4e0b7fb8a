// Flags that say what is evaluated, shared by the programs that score files and
// models.
#ifndef FCIS_EVAL_EVAL_FLAGS_H_
#define FCIS_EVAL_EVAL_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// Names of the flags, for a help page.
std::vector<std::string> EvalFlagNames();

// What the flags ask for; a UsageError names the flag and what was expected.
absl::StatusOr<EvalOptions> EvalOptionsFromFlags();

// The parsers of the flags that hold lists, separated by commas.
absl::StatusOr<std::vector<double>> ParseThresholds(absl::string_view text);
absl::StatusOr<std::vector<int>> ParseMaxDets(absl::string_view text);
absl::StatusOr<std::vector<AreaRange>> ParseAreaRanges(absl::string_view text);
// Integers and texts; a text of digits in quotes is a text: 7,"7",cat.
std::vector<data::RecordId> ParseIds(absl::string_view text);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_EVAL_FLAGS_H_
