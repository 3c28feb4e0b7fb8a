// Early stopping: when validations end a run, and which weights it exports
// (ScheduleConfig.patience). All of it follows from what the run directory
// keeps, so that a run that is resumed decides as one that was never stopped.
#ifndef FCIS_TRAIN_TRAINER_PATIENCE_H_
#define FCIS_TRAIN_TRAINER_PATIENCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::train {

// A best AP below it is no sign that the run has learned anything.
inline constexpr double kLearnedAp = 0.05;

// Whether the last `patience` validations that count brought no better AP;
// false without patience. Those of the warm-up do not count, nor does any
// before the best AP is kLearnedAp. Errors: those of ReadBest.
absl::StatusOr<bool> PatienceIsSpent(const std::string& run,
                                     const ScheduleConfig& schedule);

// The checkpoint whose weights are the model; nothing: the last ones are.
// Errors: those of ReadBest.
absl::StatusOr<absl::optional<BestCheckpoint>> BestToExport(
    const std::string& run, const ScheduleConfig& schedule);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_PATIENCE_H_
