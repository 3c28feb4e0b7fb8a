// The validation part of a run whose recipe holds one out (data.hold_out).
#ifndef FCIS_TRAIN_MAIN_HOLD_OUT_VALIDATION_H_
#define FCIS_TRAIN_MAIN_HOLD_OUT_VALIDATION_H_

#include "absl/status/status.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/train/main/opened_run.h"
#include "fcis/train/main/train_plan.h"
#include "fcis/train/run/run_record.h"

namespace fcis::train {

// Takes the file of --ann_file apart into <run>/train.json and <run>/val.json,
// to which the flags of data and validation set are turned, and says so. Rank 0
// writes; all processes call it. Nothing is done for a run that is resumed,
// with a validation set of its own, without a file, and when the recipe does
// not ask for it. A set too small for it trains as a whole, which is said, and
// so does one that training refuses, so that its readers say why. Notes in
// `record` what the parts are of. Errors, by rank 0: annotations that cannot be
// evaluated, by the name of the user's file; other files of these names.
absl::Status HoldOutValidation(const TrainPlan& plan, const OpenedRun& run,
                               Communicator* job, const SayLine& say,
                               RunRecord* record);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_HOLD_OUT_VALIDATION_H_
