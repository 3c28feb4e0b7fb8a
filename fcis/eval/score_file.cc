#include "fcis/eval/score_file.h"

#include <utility>

#include "absl/flags/flag.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/eval_flags.h"
#include "fcis/eval/score_output.h"

ABSL_FLAG(std::string, annotations, "",
          "Ground truth of --results, COCO's JSON.");
ABSL_FLAG(std::string, results, "",
          "Detections that are scored, COCO's results JSON.");

namespace fcis::eval {

std::vector<std::string> ScoreFileFlagNames() {
  return {"annotations", "results"};
}

bool ScoresFile() {
  return FlagWasGiven("annotations") || FlagWasGiven("results");
}

absl::Status ScoreFile() {
  const std::string annotations = absl::GetFlag(FLAGS_annotations);
  const std::string results = absl::GetFlag(FLAGS_results);
  if (annotations.empty() || results.empty()) {
    return UsageError("expected --annotations and --results");
  }
  ASSIGN_OR_RETURN(EvalOptions options, EvalOptionsFromFlags());
  RETURN_IF_ERROR(CheckScoreOutputFlags(options));
  if (!absl::GetFlag(FLAGS_image_dir).empty() && !NeedsExplanation()) {
    return UsageError("--image_dir goes with --report_html");
  }
  ASSIGN_OR_RETURN(const std::string image_dir, data::ImageDirFromFlag());
  options.explain = NeedsExplanation();
  RETURN_IF_ERROR(SetThreadsFromFlag());
  ASSIGN_OR_RETURN(Evaluation evaluation,
                   Evaluate(ResolvePath(annotations), ResolvePath(results),
                            std::move(options)));
  // The program ends with it: no time is spent on taking it down.
  static const auto* const kept = new Evaluation(std::move(evaluation));
  return WriteScores(*kept, image_dir);
}

}  // namespace fcis::eval
