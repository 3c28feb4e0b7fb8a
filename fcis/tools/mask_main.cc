// The mask operations of pycocotools over JSON lines.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/main.h"
#include "fcis/eval/mask_ops/mask_ops.h"

namespace fcis::tools {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "mask";
  program.arguments = "< questions.jsonl > answers.jsonl";
  program.summary = absl::StrCat(
      "Answers each line {\"id\", \"op\", \"in\"} of its input with a line\n"
      "{\"id\", \"out\"} or {\"id\", \"error\"}, as pycocotools 2.0.11 would.\n"
      "The operations, what is in \"in\", and what in \"out\":\n\n",
      eval::kMaskOpsHelp,
      "\nh and w are the height and width of the picture, size is both; "
      "counts\n"
      "is COCO's string, or the list of runs; rows are strings of 0 and 1;\n"
      "boxes are [x, y, width, height]; polys are lists x, y, x, y, ...; rles\n"
      "are {size, counts}. A line that is no JSON gets an error with id null,\n"
      "and the program goes on; it exits with 1 if it cannot read its input.");
  program.examples = {
      "echo '{\"id\": 1, \"op\": \"toRuns\", \"in\": {\"size\": [3, 1], "
      "\"counts\": \"21\"}}' | mask"};
  return program;
}

absl::Status Run() { return eval::AnswerMaskOps(stdin, stdout); }

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
