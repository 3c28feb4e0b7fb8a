// What an evaluation leaves behind: lines and tables on the screen, files.
#ifndef FCIS_EVAL_SCORE_OUTPUT_H_
#define FCIS_EVAL_SCORE_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/eval/coco/evaluate.h"

namespace fcis::eval {

// Names of the flags, for a help page: --table, --output_json, --output_csv,
// --output_markdown, --output_curves, --report_html, --image_dir.
std::vector<std::string> ScoreOutputFlagNames();

// Before the work: a UsageError unless --table is one of its choices and the
// metric has all that is asked for, and an error for a file that could not be
// written, or is read, or is the results.json of the directory `out`, which the
// program makes ("": none).
absl::Status CheckScoreOutputFlags(const EvalOptions& options,
                                   const std::string& out = "");

// Whether the flags ask for what needs EvalOptions::explain.
bool NeedsExplanation();

// Prints findings to stderr, the summary and the table to stdout, and
// writes the files that the flags name. The report shows the pictures of
// image_dir ("": none).
absl::Status WriteScores(const Evaluation& evaluation,
                         const std::string& image_dir);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_SCORE_OUTPUT_H_
