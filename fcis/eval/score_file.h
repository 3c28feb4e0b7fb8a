// Scoring a file of results, as the flags say.
#ifndef FCIS_EVAL_SCORE_FILE_H_
#define FCIS_EVAL_SCORE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fcis::eval {

// Names of the flags, for a help page: --annotations, --results.
std::vector<std::string> ScoreFileFlagNames();

// Whether --annotations or --results was given.
bool ScoresFile();

// Scores --results against --annotations and writes what the flags name
// (eval_flags.h, score_output.h), on --threads. Errors: a UsageError when one
// of the two is missing or a flag makes no sense; those of Evaluate.
absl::Status ScoreFile();

}  // namespace fcis::eval

#endif  // FCIS_EVAL_SCORE_FILE_H_
