// Runs a model over a data set and scores what it finds; or scores a file.
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/flag_parser.h"
#include "fcis/core/cli/main.h"
#include "fcis/eval/predict/score_model.h"
#include "fcis/eval/score_file.h"

namespace fcis::eval {
namespace {

Program MakeProgram() {
  Program program = ScoreModelProgram();
  program.groups.push_back(
      {"A file of detections in place of a model", ScoreFileFlagNames()});
  program.examples.push_back(
      "eval --annotations gt.json --results det.json --iou_type segm");
  return program;
}

absl::Status CheckNoModel() {
  for (const std::string& name : ScoreModelFlagNames()) {
    if (!FlagWasGiven(name)) continue;
    return UsageError(
        absl::StrCat("--annotations and --results score a file, --", name,
                     " is of running a model; expected one of these"));
  }
  return absl::OkStatus();
}

absl::Status Run() {
  if (!ScoresFile()) return ScoreModel();
  RETURN_IF_ERROR(CheckNoModel());
  return ScoreFile();
}

}  // namespace
}  // namespace fcis::eval

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::eval::MakeProgram(), fcis::eval::Run);
}
