// What a training run is told, beside its data and its first weights.
#ifndef FCIS_TRAIN_TRAINER_TRAINER_OPTIONS_H_
#define FCIS_TRAIN_TRAINER_TRAINER_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::train {

// Mask AP@[.5:.95] and AP@.5 of a validation.
struct ValidationScore {
  double ap = 0, ap50 = 0;
};

// Scores a model, which all processes do together: all call it at the same
// iterations and get the same numbers. `run`: the run directory.
using Validator = std::function<absl::StatusOr<ValidationScore>(
    const model::Weights&, int64_t iteration, const std::string& run)>;

struct TrainerOptions {
  TrainConfig config;
  int64_t max_iterations = 0;  // 0: the schedule's
  uint64_t seed = 0;
  int loader_threads = 1;
  int prefetch = 4;  // samples
  // 0: once per epoch. The last iteration always makes one.
  int64_t checkpoint_every = 0;
  int keep_checkpoints = 3;  // newest ones; 0: all
  std::vector<std::string> command_line;
  Validator validate;         // may be empty
  double validate_every = 1;  // epochs
  int64_t validation_pictures = 0;
  // Called by rank 0 before the model, that of `iteration`, is written: by how
  // much its scores are to be lower (LowerScores). May be empty.
  std::function<double(int64_t iteration)> overconfidence;
  // Factor of the recipe's length (run_length.h).
  double stretch = 1;
  // A process that does nothing for so long ends the job.
  absl::Duration timeout = absl::Minutes(10);
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_TRAINER_OPTIONS_H_
