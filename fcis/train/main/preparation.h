// All that a training job reads before its first iteration.
#ifndef FCIS_TRAIN_MAIN_PREPARATION_H_
#define FCIS_TRAIN_MAIN_PREPARATION_H_

#include "absl/status/status.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/kernels/backend.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/main/opened_run.h"
#include "fcis/train/main/train_plan.h"
#include "fcis/train/main/training_data.h"
#include "fcis/train/main/validator.h"
#include "fcis/train/run/run_record.h"
#include "fcis/train/trainer/train.h"

namespace fcis::train {

struct PreparedJob {
  TrainingData data;
  model::Weights weights;     // initial ones
  OpenedValidator validator;  // its functions are empty: none was asked for
  TrainerRun run;             // but `path` and `directory`
};

// Reads and checks data, checkpoint or initial weights, validation set, memory
// and space on the disk, in each process for itself; a validation part is held
// out before where the recipe says so (data.hold_out): the file of --ann_file
// is taken apart into <run>/train.json and <run>/val.json, to which the flags
// of data and validation set are turned. All processes call it. Error: all that
// is wrong, listed; for a resume also what in the data, the classes, the
// checkpoint or, without one, the initial weights is not as when the run was
// begun. `backend` and `job` must outlive `prepared`.
absl::Status PrepareJob(const TrainPlan& plan, const OpenedRun& run,
                        kernels::Backend* backend, Communicator* job,
                        const SayLine& say, PreparedJob* prepared);

// The model's input becomes `scale` times as large, in the plan and in what was
// prepared of it for a new run. Errors: those of OpenTrainingData.
absl::Status ScaleRunsInput(double scale, TrainPlan* plan,
                            PreparedJob* prepared);

// OK when this process has the same data and validation set as rank 0, else an
// error that names what differs. All processes call it.
absl::Status CheckSameData(const RunRecord& mine, Communicator* job);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_PREPARATION_H_
