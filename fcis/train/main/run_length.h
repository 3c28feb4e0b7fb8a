// How long a training run is, and what it needs.
#ifndef FCIS_TRAIN_MAIN_RUN_LENGTH_H_
#define FCIS_TRAIN_MAIN_RUN_LENGTH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/main/train_plan.h"
#include "fcis/train/trainer/train.h"

namespace fcis::train {

// Of the whole run with its validations, about.
double SecondsOf(const Trial& trial);

// The factor, at most 1, that shortens the run to `minutes`; 0 minutes: 1.
double StretchToFit(const Trial& trial, double minutes);

// The factor of height and width, 2/3 to 1, with which a run gets from `epochs`
// to about `least`: time goes with their product. Enough epochs, or 0 as least,
// or an `input` that it would not make smaller (ScaleInput): 1.
double InputScaleFor(double epochs, double least, const InputConfig& input);

// "about 34 min 10 s, to 23:41 (...)": time of the run that is `stretch` as
// long, and memory of all `processes` together.
std::string DescribeLength(const Trial& trial, double stretch, int processes,
                           absl::Time now);

struct RunLength {
  double stretch = 1;      // TrainerOptions::stretch
  double input_scale = 1;  // under 1: to be tried again with such an input
};

// What becomes of a new run by its recipe's `schedule.minutes` and
// `least_epochs`, found by a few iterations; says how long the run takes and
// what it needs, unless the input is to be made smaller. `may_shrink`: whether
// it may. Runs of few iterations that need not be shortened are not tried. All
// processes call it, with the arguments of Train, and get the same numbers.
// Errors as Train.
absl::StatusOr<RunLength> FitLength(const TrainerOptions& options,
                                    const data::TrainingSet& data,
                                    const model::Weights& initial,
                                    bool may_shrink,
                                    kernels::TrainBackend* backend,
                                    Communicator* job, const SayLine& say);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_RUN_LENGTH_H_
