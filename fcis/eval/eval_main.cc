// Scores detections in COCO's format.
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/eval_flags.h"
#include "fcis/eval/score_output.h"

ABSL_FLAG(std::string, annotations, "", "Ground truth, COCO's JSON.");
ABSL_FLAG(std::string, results, "", "Detections, COCO's results JSON.");
ABSL_FLAG(int, threads, 0, "Threads; 0: one per core.");

namespace fcis {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "eval";
  program.arguments = "[flags]";
  program.summary =
      "Scores detections against annotations as pycocotools' COCOeval does, "
      "number for number: average precision and recall, and a table by "
      "category.";
  program.groups = {{"Input", {"annotations", "results"}},
                    {"What is evaluated", EvalFlagNames()},
                    {"Output", ScoreOutputFlagNames()},
                    {"Computing", {"threads"}}};
  program.examples = {
      "eval --annotations gt.json --results det.json --iou_type segm",
      "eval --annotations gt.json --results det.json --iou_type bbox "
      "--output_json scores.json --table csv"};
  return program;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("unexpected argument: ", arguments[0]));
  }
  const std::string annotations = absl::GetFlag(FLAGS_annotations);
  const std::string results = absl::GetFlag(FLAGS_results);
  if (annotations.empty() || results.empty()) {
    return UsageError("expected --annotations and --results");
  }
  RETURN_IF_ERROR(CheckScoreOutputFlags());
  ASSIGN_OR_RETURN(EvalOptions options, EvalOptionsFromFlags());
  SetNumThreads(absl::GetFlag(FLAGS_threads));
  const std::string results_path = ResolvePath(results);
  ASSIGN_OR_RETURN(
      const Evaluation evaluation,
      Evaluate(ResolvePath(annotations), results_path, std::move(options)));
  return WriteScores(evaluation, results_path);
}

}  // namespace
}  // namespace fcis

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::MakeProgram(), fcis::Run);
}
