// What a training job is to do, by its flags and the run that it goes on with.
#ifndef FCIS_TRAIN_MAIN_TRAIN_PLAN_H_
#define FCIS_TRAIN_MAIN_TRAIN_PLAN_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/main/opened_run.h"
#include "fcis/train/trainer/trainer_options.h"

ABSL_DECLARE_FLAG(std::string, val_ann_file);
ABSL_DECLARE_FLAG(std::string, val_image_dir);
ABSL_DECLARE_FLAG(std::string, init);
ABSL_DECLARE_FLAG(bool, resume);
ABSL_DECLARE_FLAG(std::string, resume_from);
ABSL_DECLARE_FLAG(int, keep_checkpoints);

namespace fcis::train {

// Takes a line for the user.
using SayLine = std::function<void(const std::string& line)>;

struct TrainPlan {
  TrainConfig config;
  // With the preset's classes, and the run's input that is resumed.
  ModelConfig model;
  TrainerOptions options;   // but `validate`, and `stretch` unless has_length
  bool has_length = false;  // the run's that is resumed
};

// Whether the flags about resuming fit together; else a UsageError.
absl::Status CheckResumeFlags();

// Gives the flags that the command line leaves out the values that `run` was
// begun with, and resolves recipe and model. `run` is empty for a new run. Says
// what changes on purpose, and what cannot be checked. UsageErrors: a flag out
// of its range; a recipe or model that cannot be read; for a resume, recipe,
// seed or initial weights that differ from the run's, each named with both
// values.
absl::StatusOr<TrainPlan> MakeTrainPlan(
    const OpenedRun& run, const std::vector<std::string>& command_line,
    const SayLine& say);

// Height and width times `scale`, in steps of kFeatureStride pixels. 1: as it
// is.
void ScaleInput(double scale, InputConfig* input);

// Whether `processes` have nothing left to do for the run; then says so.
bool SayIfFinished(const OpenedRun& run, const TrainPlan& plan, int processes,
                   const SayLine& say);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_TRAIN_PLAN_H_
