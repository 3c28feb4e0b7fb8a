// Scores detections in COCO's format.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/eval/eval_flags.h"
#include "fcis/eval/score_file.h"
#include "fcis/eval/score_output.h"

namespace fcis::eval {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "score";
  program.arguments = "--annotations FILE --results FILE [flags]";
  program.summary =
      "Scores detections against annotations as pycocotools' COCOeval does, "
      "number for number: average precision and recall, and a table by "
      "category. (eval runs a model first, and scores what that finds.)";
  program.groups = {{"Input", ScoreFileFlagNames()},
                    {"What is evaluated", EvalFlagNames()},
                    {"Output", ScoreOutputFlagNames()},
                    {"Computing", {"threads"}}};
  program.examples = {
      "score --annotations gt.json --results det.json --iou_type segm",
      "score --annotations gt.json --results det.json --iou_type bbox "
      "--output_json scores.json --table csv"};
  return program;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("unexpected argument: ", arguments[0]));
  }
  return ScoreFile();
}

}  // namespace
}  // namespace fcis::eval

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::eval::MakeProgram(), fcis::eval::Run);
}
