#include "fcis/eval/predict/score_model.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/core/cli/user_text.h"
#include "fcis/core/comm/mpi_communicator.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/data/coco/splits.h"
#include "fcis/data/codec/max_pixels_flag.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/eval_flags.h"
#include "fcis/eval/predict/model_source.h"
#include "fcis/eval/predict/predict.h"
#include "fcis/eval/score_output.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_choice.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/model/detector.h"

ABSL_FLAG(
    std::string, split, "",
    "A split of COCO under --data_dir, or scenes: a few painted ones that "
    "come with the program, as does the model for them, which is then the "
    "default. Default: minival2014.");
ABSL_FLAG(bool, reuse, false,
          "If --out holds detections that are not good any more, stop and say "
          "why instead of computing them again.");

namespace fcis::eval {
namespace {

constexpr char kDefaultSplit[] = "minival2014";
// The painted ones that come with the program, and the model for them.
constexpr char kScenesSplit[] = "scenes";
constexpr char kScenesModel[] = "fcis/model/embedded/small_scenes.safetensors";

// Flags that nothing but running a model has.
std::vector<std::string> DataFlagNames() {
  return {"modelpath",   "download", "split", "data_dir",  "ann_file",
          "map_classes", "out",      "reuse", "max_pixels"};
}

absl::StatusOr<data::CocoSource> ShippedScenes() {
  data::CocoSource scenes;
  ASSIGN_OR_RETURN(scenes.ann_file,
                   FindRunfile("fcis/data/scenes/annotations.json"));
  ASSIGN_OR_RETURN(scenes.image_dir, FindRunfile("fcis/data/scenes/images"));
  return scenes;
}

absl::StatusOr<data::CocoSource> DataFromFlags() {
  const std::string file = absl::GetFlag(FLAGS_ann_file);
  std::string split = absl::GetFlag(FLAGS_split);
  if (!file.empty()) {
    if (absl::GetFlag(FLAGS_image_dir).empty() || !split.empty()) {
      return UsageError("--ann_file goes with --image_dir, without --split");
    }
    ASSIGN_OR_RETURN(const std::string directory, data::ImageDirFromFlag());
    return data::CocoSource{ResolvePath(file), directory};
  }
  if (split.empty()) split = kDefaultSplit;
  if (split == kScenesSplit) return ShippedScenes();
  std::vector<std::string> splits = data::CocoSplitNames();
  splits.push_back(kScenesSplit);
  RETURN_IF_ERROR(CheckChoice("split", split, splits));
  const std::string root = ResolvePath(absl::GetFlag(FLAGS_data_dir));
  absl::StatusOr<data::CocoSource> found = data::FindCocoSplit(root, split);
  if (found.ok()) return found;
  return absl::NotFoundError(absl::StrCat(
      found.status().message(), ".\nTo fetch it:  ",
      CommandOf("//fcis/tools:download"), " datasets --", split, " --data_dir ",
      root, "\nTo see it work without:  eval --split scenes"));
}

// The scenes have a model of their own.
absl::StatusOr<model::ModelChoice> Model() {
  if (absl::GetFlag(FLAGS_split) != kScenesSplit) return ModelFromFlags();
  ASSIGN_OR_RETURN(const std::string scenes, FindRunfile(kScenesModel));
  return ModelFromFlags(scenes);
}

// Rank 0's choice would not reach the others.
absl::StatusOr<std::string> Directory(const Communicator& job) {
  const std::string out = absl::GetFlag(FLAGS_out);
  if (out.empty() && job.size() > 1) {
    return UsageError("several processes need --out, the same for all");
  }
  return MakeOutputDirectory(out, "fcis_eval", absl::Now());
}

absl::Status Score(data::CocoDataset dataset, const PredictOptions& predicted,
                   EvalOptions options) {
  const std::string results = ResultsPath(predicted);
  ASSIGN_OR_RETURN(const Evaluation evaluation,
                   Evaluate(std::move(dataset), results, std::move(options)));
  RETURN_IF_ERROR(WriteScores(evaluation, predicted.image_dir));
  PrintLine(stdout, absl::StrCat("\ndetections: ", results));
  return absl::OkStatus();
}

absl::StatusOr<data::ClassMatch> Classes(const ModelConfig& config,
                                         const data::CocoDataset& dataset,
                                         const Communicator& job) {
  ASSIGN_OR_RETURN(const data::ClassMap map,
                   data::ParseClassMap(absl::GetFlag(FLAGS_map_classes)));
  std::vector<std::string> names;
  for (const ClassConfig& klass : config.classes()) {
    names.push_back(klass.name());
  }
  ASSIGN_OR_RETURN(const data::ClassMatch match,
                   data::MatchClasses(names, dataset, map));
  if (job.rank() == 0) absl::FPrintF(stderr, "%s\n", Describe(match));
  return match;
}

absl::Status RunJob(const data::CocoSource& data, EvalOptions eval_options,
                    Communicator& job) {
  PredictOptions options;
  ASSIGN_OR_RETURN(
      data::CocoDataset dataset,
      data::ReadCocoDataset(data.ann_file, ModelEvalNeeds(eval_options)));
  // Hours of detection are not to end at a bad annotation.
  RETURN_IF_ERROR(GroundTruth::Build(dataset, eval_options).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::Backend> backend,
                   model::BackendFromFlags());
  options.weights_read_at = absl::Now();
  ASSIGN_OR_RETURN(model::ModelChoice choice, Model());
  const std::string precision =
      model::SettlePrecision(*backend, &choice.weights);
  if (job.rank() == 0) {
    PrintLine(stderr, choice.statement);
    absl::FPrintF(stderr, "device: %s, %s, %d threads%s\n", backend->name(),
                  precision, NumThreads(),
                  job.size() > 1 ? absl::StrCat(", ", job.size(), " processes")
                                 : std::string());
  }
  ASSIGN_OR_RETURN(const data::ClassMatch classes,
                   Classes(choice.weights.config, dataset, job));
  *choice.weights.config.mutable_postprocess() =
      PostprocessFor(choice.weights.config, Purpose::kScore);
  RETURN_IF_ERROR(model::ApplyModelFlags(&choice.weights.config));
  ASSIGN_OR_RETURN(const std::unique_ptr<model::Detector> detector,
                   model::Detector::Create(choice.weights, backend.get()));
  const PostprocessConfig& postprocess = detector->config().postprocess();
  options.weights = &choice.weights;
  options.computed_by = absl::StrCat(
      backend->name(), ", ", model::PrecisionOf(choice.weights, *backend));
  options.reuse = absl::GetFlag(FLAGS_reuse);
  options.max_messages = eval_options.bad_annotations.max_messages;
  options.image_dir = data.image_dir;
  ASSIGN_OR_RETURN(options.max_pixels, data::MaxPixelsFromFlag());
  options.paste_threshold = PasteThreshold(postprocess);
  ASSIGN_OR_RETURN(options.directory, Directory(job));
  RETURN_IF_ERROR(Predict(
      dataset, classes, options,
      [&](const Image& image, model::StageTimes* times) {
        return detector->Detect(image, postprocess, nullptr, times);
      },
      job));
  if (job.rank() != 0) return absl::OkStatus();
  return Score(std::move(dataset), options, std::move(eval_options));
}

}  // namespace

Program ScoreModelProgram() {
  Program program;
  program.name = "eval";
  program.arguments = "[-m MODEL] [flags]";
  program.summary =
      "Runs a model over a data set and scores what it finds as COCOeval does. "
      "Instances count from a score of 0.001 on, unless the model says "
      "otherwise (--score_thresh), at most 100 per picture. Classes are "
      "matched by name. Under mpiexec the pictures are shared among the "
      "processes. "
      "With --annotations and --results it scores a file instead.";
  program.groups = {{"Model and data", DataFlagNames()},
                    {"What is evaluated", EvalFlagNames()},
                    {"Output", ScoreOutputFlagNames()},
                    {"Computing", model::BackendFlagNames()},
                    {"Thresholds and sizes", model::ModelFlagNames()}};
  program.texts = {
      {"ann_file",
       "Annotations of any data set, with --image_dir, in place of a split."},
      {"image_dir",
       "The pictures of --ann_file; or those, by their \"file_name\", that "
       "--report_html shows of --annotations."},
      {"out",
       "Directory for detections and results.json. Those that it holds already "
       "are not computed again if weights, settings, categories and the "
       "pictures' content are the same; what differs is said, and computed "
       "again. Default: fcis_eval/<date>_<time> where you stand."}};
  program.short_flags = {{'m', "modelpath"}, {'o', "out"}, {'d', "data_dir"}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "eval -m fcis_coco.npz --split minival2014",
      "eval -m model.safetensors --ann_file a.json --image_dir pictures",
      "mpiexec -n 4 eval -m fcis_coco.npz --out scores"};
  return program;
}

std::vector<std::string> ScoreModelFlagNames() {
  std::vector<std::string> names = DataFlagNames();
  for (const auto& more :
       {model::BackendFlagNames(), model::ModelFlagNames()}) {
    names.insert(names.end(), more.begin(), more.end());
  }
  // Scoring alone uses them too.
  names.erase(absl::c_find(names, "threads"));
  return names;
}

absl::Status ScoreModel() {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(model::CheckBackendFlags());
  RETURN_IF_ERROR(data::MaxPixelsFromFlag().status());
  RETURN_IF_ERROR(
      data::ParseClassMap(absl::GetFlag(FLAGS_map_classes)).status());
  ASSIGN_OR_RETURN(EvalOptions options, EvalOptionsFromFlags());
  RETURN_IF_ERROR(CheckScoreOutputFlags(options, absl::GetFlag(FLAGS_out)));
  options.explain = NeedsExplanation();
  ASSIGN_OR_RETURN(const data::CocoSource data, DataFromFlags());
  ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> job, MakeCommunicator());
  const absl::Status status = RunJob(data, std::move(options), *job);
  if (!status.ok()) job->GiveUp();
  return status;
}

}  // namespace fcis::eval
