#include "fcis/train/main/preparation.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/paths.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/hold_out.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/data/download/free_space.h"
#include "fcis/data/download/manifest.h"
#include "fcis/data/loader/coco_index.h"
#include "fcis/eval/predict/model_source.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/main/faults.h"
#include "fcis/train/main/memory_need.h"
#include "fcis/train/main/run_flags.h"
#include "fcis/train/main/training_data.h"
#include "fcis/train/main/training_init.h"
#include "fcis/train/run/run_directory.h"

namespace fcis::train {
namespace {

constexpr char kAllTrain[] =
    "all pictures train with --set 'data { hold_out: 0 }'";

// Whether the data set can be taken apart. Error: it can be trained on, but not
// be evaluated.
absl::StatusOr<bool> MayBeTakenApart(const data::CocoSource& source,
                                     const TrainPlan& plan) {
  TrainingDataChoice choice;
  choice.ann_file = source.ann_file;
  choice.image_dir = source.image_dir;
  ASSIGN_OR_RETURN(choice.bad_annotations,
                   data::BadAnnotationPolicyFromFlags());
  if (!OpenTrainingData(choice, plan.config, plan.model.input()).ok()) {
    return false;
  }
  data::CocoNeeds needs = data::TrainingNeeds();
  needs.evaluated_later = true;
  ASSIGN_OR_RETURN(const data::CocoIndex index,
                   data::IndexCoco({source}, needs));
  const absl::Status evaluated =
      index.report.problems.Check(choice.bad_annotations);
  if (evaluated.ok()) return true;
  return absl::Status(
      evaluated.code(),
      absl::StrCat(evaluated.message(),
                   "\nThe recipe holds out a part of it for validation; ",
                   kAllTrain));
}

// By rank 0. Whether the parts are there.
absl::StatusOr<bool> WriteParts(const data::CocoSource& source,
                                const TrainPlan& plan, RunDirectory* directory,
                                const SayLine& say) {
  ASSIGN_OR_RETURN(const bool may, MayBeTakenApart(source, plan));
  if (!may) return false;
  ASSIGN_OR_RETURN(
      const data::HeldOut held,
      data::HoldOut(source.ann_file, plan.config.data().hold_out()));
  if (held.held_out == 0) {
    say(absl::StrCat("validation: none; ", held.with_objects,
                     " pictures with objects are too few to hold any out. "
                     "--val_ann_file and --val_image_dir name others"));
    return false;
  }
  RETURN_IF_ERROR(directory->WriteNew(kTrainPart, held.train));
  RETURN_IF_ERROR(directory->WriteNew(kValidationPart, held.validation));
  say(absl::StrCat("validation: ", held.held_out, " of ", held.pictures,
                   " pictures of ", source.ann_file, " held out (",
                   directory->path(), "/", kValidationPart, "); ", kAllTrain));
  return true;
}

// The part that validates a run whose recipe holds one out (data.hold_out): the
// file of --ann_file is taken apart, and said. Rank 0 writes; all processes
// call it. Nothing is done for a run that is resumed, with a validation set of
// its own, without a file, and when the recipe does not ask for it. A set too
// small for it trains as a whole, which is said, and so does one that training
// refuses, so that its readers say why. Notes in `record` what the parts are
// of. Errors, by rank 0: annotations that cannot be evaluated, by the name of
// the user's file; other files of these names.
absl::Status HoldOutValidation(const TrainPlan& plan, const OpenedRun& run,
                               Communicator* job, const SayLine& say,
                               RunRecord* record) {
  const bool wanted = !run.recipe.has_value() &&
                      plan.config.data().hold_out() > 0 &&
                      !absl::GetFlag(FLAGS_ann_file).empty() &&
                      absl::GetFlag(FLAGS_val_ann_file).empty();
  data::CocoSource source;
  source.ann_file = ResolvePath(absl::GetFlag(FLAGS_ann_file));
  source.image_dir = ResolvePath(absl::GetFlag(FLAGS_image_dir));
  absl::StatusOr<bool> written = false;
  if (wanted && run.directory != nullptr) {
    written = WriteParts(source, plan, run.directory.get(), say);
  }
  // The others wait for the files, whatever their own command lines say.
  ASSIGN_OR_RETURN(const int there, job->Sum(written.ok() && *written ? 1 : 0));
  RETURN_IF_ERROR(written.status());
  if (!wanted || there == 0) return absl::OkStatus();
  record->set_held_out_of(source.ann_file);
  absl::SetFlag(&FLAGS_ann_file, absl::StrCat(run.path, "/", kTrainPart));
  absl::SetFlag(&FLAGS_val_ann_file,
                absl::StrCat(run.path, "/", kValidationPart));
  absl::SetFlag(&FLAGS_val_image_dir, source.image_dir);
  return absl::OkStatus();
}

absl::Status CompareWithRun(const RunRecord& before, const RunRecord& now,
                            const SayLine& say) {
  const std::vector<std::string> lines =
      DataDifferences(before, now, "when the run was begun", "now");
  if (!lines.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the data set is not the one that the run was begun with:"
                     "\n  ",
                     absl::StrJoin(lines, "\n  "),
                     "\nTo train on other data: a new run, with --init and the "
                     "checkpoint"));
  }
  if (before.objects() != now.objects()) {
    say("warning: classes and pictures are those that the run was begun with, "
        "but annotations of them have changed");
  }
  return absl::OkStatus();
}

absl::Status OpenData(const TrainPlan& plan, PreparedJob* prepared) {
  TrainingDataChoice choice;
  choice.ann_file = absl::GetFlag(FLAGS_ann_file);
  choice.image_dir = absl::GetFlag(FLAGS_image_dir);
  choice.data_dir = absl::GetFlag(FLAGS_data_dir);
  ASSIGN_OR_RETURN(choice.bad_annotations,
                   data::BadAnnotationPolicyFromFlags());
  ASSIGN_OR_RETURN(prepared->data,
                   OpenTrainingData(choice, plan.config, plan.model.input()));
  const data::SetContents contents = prepared->data.set->Contents();
  RunRecord& record = prepared->run.record;
  *record.mutable_classes() = {contents.classes.begin(),
                               contents.classes.end()};
  *record.mutable_pictures() = {contents.pictures.begin(),
                                contents.pictures.end()};
  record.set_objects(contents.objects);
  return absl::OkStatus();
}

// A resume without flags looks where the data lay when the run was begun.
absl::Status MovedData(const OpenedRun& run, const absl::Status& status) {
  if (!run.record.has_value() || !absl::IsNotFound(status)) return status;
  return absl::Status(
      status.code(),
      absl::StrCat(status.message(),
                   "\nThe run was begun with it. Where the data have moved to "
                   "say --ann_file and --image_dir"));
}

absl::Status PrepareData(const TrainPlan& plan, const OpenedRun& run,
                         const SayLine& say, ModelConfig* model,
                         PreparedJob* prepared) {
  RETURN_IF_ERROR(MovedData(run, OpenData(plan, prepared)));
  say(prepared->data.statement);
  SetClasses(prepared->data.set->class_names(), model);
  RunRecord& record = prepared->run.record;
  if (!run.record.has_value()) return absl::OkStatus();
  record.set_finished(run.record->finished());
  record.set_input_scale(run.record->input_scale());
  if (run.record->has_held_out_of() && TrainsOnItsPart(record, run.path)) {
    record.set_held_out_of(run.record->held_out_of());
  }
  return CompareWithRun(*run.record, record, say);
}

void RecordBackend(const OpenedRun& run, const kernels::Backend& backend,
                   const SayLine& say, RunRecord* record) {
  std::string computes = absl::StrCat(backend.name(), " ", backend.precision());
  // Those on which gradients of weights depend (TrainBackend).
  if (backend.name() == "cpu") {
    const int threads = NumThreads();
    absl::StrAppend(&computes, ", ", threads,
                    threads == 1 ? " thread" : " threads");
  }
  record->set_computes(computes);
  // A run begun before there were threads in it has the begin alone.
  if (run.record.has_value() && run.record->has_computes() &&
      !absl::StartsWith(computes, run.record->computes())) {
    say(absl::StrCat("warning: computed until now by ", run.record->computes(),
                     ", from here on by ", record->computes()));
  }
}

// The checkpoint of a resume. Without one yet the run begins once more.
absl::Status PrepareCheckpoint(const OpenedRun& run, const ModelConfig& model,
                               bool same_data, const SayLine& say,
                               PreparedJob* prepared) {
  ASSIGN_OR_RETURN(
      prepared->run.checkpoint,
      FindStart(run, ResolvePath(absl::GetFlag(FLAGS_resume_from))));
  if (!prepared->run.checkpoint.has_value()) {
    say(absl::StrCat(run.path,
                     " has no checkpoint yet: starting at iteration 0"));
    return absl::OkStatus();
  }
  const FoundCheckpoint& found = *prepared->run.checkpoint;
  std::vector<std::string> warnings = found.warnings;
  absl::Status status;
  if (same_data) {
    status =
        CheckCheckpoint(found, model, absl::GetFlag(FLAGS_seed), &warnings);
  }
  for (const std::string& line : warnings) {
    say(absl::StrCat("warning: ", line));
  }
  return status;
}

// `model`: null when its classes are not known.
absl::Status PrepareValidation(const OpenedRun& run, const ModelConfig* model,
                               kernels::Backend* backend, Communicator* job,
                               const SayLine& say, PreparedJob* prepared) {
  if (absl::GetFlag(FLAGS_val_ann_file).empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const data::ClassMap map,
                   data::ParseClassMap(absl::GetFlag(FLAGS_map_classes)));
  absl::StatusOr<OpenedValidator> opened =
      OpenValidator(ResolvePath(absl::GetFlag(FLAGS_val_ann_file)),
                    ResolvePath(absl::GetFlag(FLAGS_val_image_dir)), model, map,
                    backend, job);
  if (ExitCode(opened.status()) == kExitUsage) return opened.status();
  RETURN_IF_ERROR(Within("validation set", opened.status()));
  for (const std::string& line : opened->statement) {
    say(absl::StrCat("validation: ", line));
  }
  prepared->run.record.set_validation(opened->contents);
  if (run.record.has_value() && run.record->has_validation() &&
      run.record->validation() != opened->contents) {
    say("warning: the validation set has changed: AP is not comparable with "
        "that of iterations before");
  }
  prepared->validator = *std::move(opened);
  return absl::OkStatus();
}

// `others_failed`: nothing is downloaded for a job that will not run.
absl::Status PrepareWeights(const OpenedRun& run, const ModelConfig& model,
                            bool others_failed, const SayLine& say,
                            PreparedJob* prepared) {
  // What a checkpoint replaces need not be fetched.
  const bool resumes = prepared->run.checkpoint.has_value();
  const std::string init = resumes ? "scratch" : absl::GetFlag(FLAGS_init);
  if (others_failed &&
      data::FindItem(data::BuiltinManifest(), init) != nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(TrainingInit start,
                   MakeTrainingInit(init, model, absl::GetFlag(FLAGS_seed),
                                    eval::ModelFetcherFromFlags()));
  prepared->weights = std::move(start.weights);
  const std::string before =
      run.record.has_value() ? run.record->initial_weights() : "";
  RunRecord& record = prepared->run.record;
  record.set_initial_weights(resumes ? before : start.digest);
  if (resumes) return absl::OkStatus();
  say(start.statement);
  if (before.empty() || before == start.digest) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "--init ", init, ": these are not the weights that the run was begun ",
      "with, and it has no checkpoint to go on from. Bring them back, or begin "
      "a new run"));
}

// Of the checkpoints and models in the run's directory; one that has two names
// there is counted once.
int64_t BytesOfModels(const std::string& run) {
  std::vector<std::string> paths = {absl::StrCat(run, "/", kBestCheckpoint),
                                    absl::StrCat(run, "/", kModelFile)};
  const auto checkpoints = ListCheckpoints(run);
  if (checkpoints.ok()) {
    paths.insert(paths.end(), checkpoints->begin(), checkpoints->end());
  }
  int64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code none, error;
    const auto names = std::filesystem::hard_link_count(path, none);
    const auto size = std::filesystem::file_size(path, error);
    if (!none && !error) bytes += static_cast<int64_t>(size / names);
  }
  return bytes;
}

// A full disk is better met now than after hours.
absl::Status CheckSpace(const std::string& path, const ModelConfig& model) {
  constexpr int64_t kArrays = 4;  // weights, two moments, averages at most
  constexpr int64_t kWhenAllAreKept = 10;
  // One is written before the oldest goes; the best and the final model.
  constexpr int64_t kOthers = 3;
  const int64_t keep = absl::GetFlag(FLAGS_keep_checkpoints);
  int64_t values = 0;
  for (const model::TensorSpec& tensor : model::ExpectedTensors(model)) {
    values += tensor.shape.num_elements();
  }
  const int64_t files = (keep > 0 ? keep : kWhenAllAreKept) + kOthers;
  const int64_t file = kArrays * static_cast<int64_t>(sizeof(float)) * values;
  // With all kept, those that are there give nothing back.
  const int64_t there = keep > 0 ? BytesOfModels(path) : 0;
  return data::CheckFreeSpace(path, std::max(file, files * file - there));
}

}  // namespace

absl::Status PrepareJob(const TrainPlan& plan, const OpenedRun& run,
                        kernels::Backend* backend, Communicator* job,
                        const SayLine& say, PreparedJob* prepared) {
  ModelConfig model = plan.model;
  Faults faults;
  faults.Add(run.opened);
  faults.Add(HoldOutValidation(plan, run, job, say, &prepared->run.record));
  RecordRunFlags(&prepared->run.record);
  RecordBackend(run, *backend, say, &prepared->run.record);
  const absl::Status data = PrepareData(plan, run, say, &model, prepared);
  faults.Add(data);
  const bool has_classes = prepared->data.set != nullptr;
  if (run.recipe.has_value()) {
    faults.Add(PrepareCheckpoint(run, model, data.ok(), say, prepared));
  }
  faults.Add(PrepareValidation(run, has_classes ? &model : nullptr, backend,
                               job, say, prepared));
  if (run.directory != nullptr) faults.Add(CheckSpace(run.path, model));
  if (has_classes) {
    const absl::StatusOr<std::string> memory =
        CheckTrainingMemory(plan.options, model, *prepared->data.set, *backend);
    faults.Add(memory.status());
    if (memory.ok() && !memory->empty()) {
      say(absl::StrCat("warning: ", *memory));
    }
  }
  faults.Add(PrepareWeights(run, model, !faults.empty(), say, prepared));
  return faults.status("faults, all found before the first iteration");
}

absl::Status ScaleRunsInput(double scale, TrainPlan* plan,
                            PreparedJob* prepared) {
  InputConfig* const input = plan->model.mutable_input();
  ScaleInput(scale, input);
  *prepared->weights.config.mutable_input() = *input;
  prepared->run.record.set_input_scale(scale);
  return OpenData(*plan, prepared);
}

absl::Status CheckSameData(const RunRecord& mine, Communicator* job) {
  ASSIGN_OR_RETURN(const std::string text,
                   job->Broadcast(mine.SerializeAsString()));
  RunRecord first;
  first.ParseFromString(text);
  std::vector<std::string> lines = DataDifferences(
      first, mine, "on rank 0", absl::StrCat("on rank ", job->rank()));
  if (lines.empty() && first.objects() != mine.objects()) {
    lines.push_back("annotations of the same pictures");
  }
  if (first.validation() != mine.validation()) {
    lines.push_back("the validation set's annotations");
  }
  if (lines.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the data set differs from rank 0's:\n  ", absl::StrJoin(lines, "\n  ")));
}

}  // namespace fcis::train
