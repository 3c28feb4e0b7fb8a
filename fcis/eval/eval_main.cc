// Scores detections in COCO's format; hands over to predict_main to make them.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/default_threads.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/eval_flags.h"
#include "fcis/eval/score_output.h"

ABSL_FLAG(std::string, annotations, "", "Ground truth, COCO's JSON.");
ABSL_FLAG(std::string, results, "", "Detections, COCO's results JSON.");
ABSL_FLAG(int, threads, 0, fcis::kThreadsHelp);

namespace fcis {
namespace {

Program MakeProgram() {
  Program program;
  program.name = "eval";
  program.arguments = "[flags]";
  program.summary =
      "Scores detections against annotations as pycocotools' COCOeval does, "
      "number for number: average precision and recall, and a table by "
      "category.\n\nWithout --annotations and --results it runs a model over a "
      "data set, COCO's minival2014 if none is named, and scores what that "
      "finds; eval --modelpath=M --help lists the flags for that.";
  program.groups = {{"Input", {"annotations", "results"}},
                    {"What is evaluated", EvalFlagNames()},
                    {"Output", ScoreOutputFlagNames()},
                    {"Computing", {"threads"}}};
  program.examples = {
      "eval --annotations gt.json --results det.json --iou_type segm",
      "eval --annotations gt.json --results det.json --iou_type bbox "
      "--output_json scores.json --table csv",
      "eval -m fcis_coco.npz --split minival2014"};
  return program;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError(absl::StrCat("unexpected argument: ", arguments[0]));
  }
  const int threads = absl::GetFlag(FLAGS_threads);
  if (threads < 0) {
    return UsageError(absl::StrCat("--threads=", threads,
                                   ": expected 0 (the default) or more"));
  }
  const std::string annotations = absl::GetFlag(FLAGS_annotations);
  const std::string results = absl::GetFlag(FLAGS_results);
  if (annotations.empty() || results.empty()) {
    return UsageError("expected --annotations and --results");
  }
  RETURN_IF_ERROR(CheckScoreOutputFlags());
  ASSIGN_OR_RETURN(EvalOptions options, EvalOptionsFromFlags());
  options.explain = NeedsExplanation();
  SetNumThreads(threads);
  const std::string results_path = ResolvePath(results);
  ASSIGN_OR_RETURN(
      const Evaluation evaluation,
      Evaluate(ResolvePath(annotations), results_path, std::move(options)));
  return WriteScores(evaluation);
}

// What the command line asks for, before it is parsed: flags of files and flags
// of a model are known to different programs, since an inference engine would
// make this one large and slow to start.
struct Request {
  bool files = false, model = false, only_help = false;
};

Request RequestOf(int argc, char** argv) {
  Request request;
  request.only_help = argc > 1;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (argument == "-h" || argument == "--help" || argument == "--version") {
      continue;
    }
    request.only_help = false;
    request.model |= argument == "-m";
    if (!absl::ConsumePrefix(&argument, "--")) continue;
    const absl::string_view name = argument.substr(0, argument.find('='));
    request.files |= name == "annotations" || name == "results";
    request.model |= name == "modelpath";
  }
  return request;
}

// Becomes predict_main; returns only when that fails.
int RunModel(char** argv) {
  constexpr absl::string_view kPredict = "fcis/eval/predict/predict_main";
  const absl::StatusOr<std::string> program = FindRunfile(kPredict);
  if (!program.ok()) {
    absl::FPrintF(stderr, "eval: %s\n", program.status().message());
    return kExitRunError;
  }
  // Its runfiles are among those of this program, and nowhere else if only this
  // one was built: <root>/<workspace>/<path>.
  const std::string root(
      absl::StripSuffix(*program, absl::StrCat("/fcis/", kPredict)));
  setenv("RUNFILES_DIR", root.c_str(), /*replace=*/1);
  execv(program->c_str(), argv);
  absl::FPrintF(stderr, "eval: %s\n",
                ErrnoStatus("cannot run", *program, errno).message());
  return kExitRunError;
}

}  // namespace
}  // namespace fcis

int main(int argc, char** argv) {
  const fcis::Request request = fcis::RequestOf(argc, argv);
  if (request.files && request.model) {
    absl::FPrintF(stderr,
                  "eval: --annotations and --results score a file, -m runs a "
                  "model (with --ann_file); expected one of these\n"
                  "Try 'eval --help'.\n");
    return fcis::kExitUsage;
  }
  if (!request.files && !request.only_help) return fcis::RunModel(argv);
  return fcis::Main(argc, argv, fcis::MakeProgram(), fcis::Run);
}
