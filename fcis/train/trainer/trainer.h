// Trainer: the loop of a training run, from initial weights or a checkpoint to
// the last iteration, alone or with other processes.
#ifndef FCIS_TRAIN_TRAINER_TRAINER_H_
#define FCIS_TRAIN_TRAINER_TRAINER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/run/run_directory.h"
#include "fcis/train/run/run_record.h"

namespace fcis {

// The trained model, in a run directory.
inline constexpr char kModelFile[] = "model.safetensors";
// In a checkpoint's state: the seed of the run that made it.
inline constexpr char kSeedKey[] = "train.seed";

// Mask AP@[.5:.95] and AP@.5 of a validation.
struct ValidationScore {
  double ap = 0, ap50 = 0;
};

// Scores a model, which all processes do together: all call it at the same
// iterations and get the same numbers. `run`: the run directory.
using Validator = std::function<absl::StatusOr<ValidationScore>(
    const Weights&, int64_t iteration, const std::string& run)>;

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
  // Factor of the recipe's length (run_length.h).
  double stretch = 1;
  // A process that does nothing for so long ends the job.
  absl::Duration timeout = absl::Minutes(10);
};

// Where a run is written and what it goes on from.
struct TrainerRun {
  std::string path;                   // of the directory, in all processes
  RunDirectory* directory = nullptr;  // rank 0's, open; null in the others
  RunRecord record;                   // is kept in the directory
  std::optional<FoundCheckpoint> checkpoint;  // none: iteration 0
};

struct TrainEnd {
  // The iteration whose weights are in model.safetensors; none after a stop
  // signal. In rank 0.
  std::optional<int64_t> model_iteration;
};

// All processes call it with the same arguments, but for `run.directory`.
// Writes, by rank 0: {config.textproto, run.textproto, run.jsonl, log.jsonl,
// log.csv, events.out.tfevents.*, losses.svg, checkpoint_*.safetensors,
// best.safetensors, model.safetensors (at the end; averaged weights if the
// recipe keeps them; with schedule.patience, which may end the run early, those
// of best.safetensors)}. What the start makes untrue is set aside (renamed to
// "<name>.set_aside"): newer checkpoints, a model of later iterations, a best
// one that can be compared no more. A stop signal (InstallStopSignals) leads to
// a checkpoint and an early return, which is no error. Errors: a checkpoint of
// other tensors; a picture that cannot be read; a loss that is not finite,
// naming term, iteration and pictures; full disk; processes that differ in
// recipe, iterations, weights or layouts, by rank.
absl::StatusOr<TrainEnd> Train(const TrainerOptions& options, TrainerRun run,
                               const TrainingSet& data, const Weights& initial,
                               TrainBackend* backend, Communicator* job);

// What a run costs, found by its first iterations, whose results are thrown
// away.
struct Trial {
  double iteration_s = 0;
  int64_t bytes = 0;        // resident in all processes together, at most
  int64_t iterations = 0;   // of a run as long as the options say
  double epochs = 0;        // of such a run
  int64_t validations = 0;  // of such a run
  double validation_s = 0;  // of one, about
};

// All processes call it with the arguments of Train, before it. Takes a few
// seconds, or 3 iterations where they are slow. Errors as Train.
absl::StatusOr<Trial> TryIterations(const TrainerOptions& options,
                                    const TrainingSet& data,
                                    const Weights& initial,
                                    TrainBackend* backend, Communicator* job);

}  // namespace fcis

#endif  // FCIS_TRAIN_TRAINER_TRAINER_H_
