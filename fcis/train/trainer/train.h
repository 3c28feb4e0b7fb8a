// A training run, from initial weights or a checkpoint to its model, alone or
// with other processes.
#ifndef FCIS_TRAIN_TRAINER_TRAIN_H_
#define FCIS_TRAIN_TRAINER_TRAIN_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/run/run_directory.h"
#include "fcis/train/run/run_record.h"
#include "fcis/train/trainer/trainer.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

// Where a run is written and what it goes on from.
struct TrainerRun {
  std::string path;                   // of the directory, in all processes
  RunDirectory* directory = nullptr;  // rank 0's, open; null in the others
  RunRecord record;                   // is kept in the directory
  std::optional<FoundCheckpoint> checkpoint;  // none: iteration 0
};

// All processes call it with the same arguments, but for `run.directory`; one
// that gets an error must leave the job (Communicator::GiveUp), since others
// may wait for its numbers. Returns whether the run is finished (Trainer::Run).
// Writes, by rank 0: {config.textproto, run.textproto, run.jsonl, log.jsonl,
// log.csv, events.out.tfevents.*, losses.svg, checkpoint_*.safetensors,
// best.safetensors, model.safetensors (at the end; averaged weights if the
// recipe keeps them)}. Errors: a checkpoint of other tensors; processes that
// differ in recipe, iterations, weights or layouts, by rank; those of
// Trainer::Run.
absl::StatusOr<bool> Train(const TrainerOptions& options, TrainerRun run,
                           const data::TrainingSet& data,
                           const model::Weights& initial,
                           kernels::TrainBackend* backend, Communicator* job);

// What the run costs, found by its first iterations, whose results are thrown
// away. All processes call it with the arguments of Train, before it. Errors as
// Train.
absl::StatusOr<Trial> TryIterations(const TrainerOptions& options,
                                    const data::TrainingSet& data,
                                    const model::Weights& initial,
                                    kernels::TrainBackend* backend,
                                    Communicator* job);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_TRAIN_H_
