#include "fcis/train/main/hold_out_validation.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/paths.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/hold_out.h"
#include "fcis/data/loader/coco_index.h"
#include "fcis/train/main/training_data.h"
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

}  // namespace

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

}  // namespace fcis::train
