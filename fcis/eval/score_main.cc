// Scores detections in COCO's format.
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
  program.texts = {
      {"image_dir", "Pictures, by their \"file_name\", for --report_html."}};
  program.examples = {
      "score --annotations gt.json --results det.json --iou_type segm",
      "score --annotations gt.json --results det.json --iou_type bbox "
      "--output_json scores.json --table csv"};
  return program;
}

}  // namespace
}  // namespace fcis::eval

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::eval::MakeProgram(),
                    fcis::eval::ScoreFile);
}
