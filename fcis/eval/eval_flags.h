// Flags that say what is evaluated, shared by the programs that score files and
// models.
#ifndef FCIS_EVAL_EVAL_FLAGS_H_
#define FCIS_EVAL_EVAL_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// Names of the flags, for a help page.
std::vector<std::string> EvalFlagNames();

// What the flags ask for; a UsageError names the flag and what was expected.
absl::StatusOr<EvalOptions> EvalOptionsFromFlags();

}  // namespace fcis::eval

#endif  // FCIS_EVAL_EVAL_FLAGS_H_
