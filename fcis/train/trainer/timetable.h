// When a run does what: the pictures of an iteration, the iterations of an
// epoch and of the run, and what follows which of them.
#ifndef FCIS_TRAIN_TRAINER_TIMETABLE_H_
#define FCIS_TRAIN_TRAINER_TIMETABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

// The learning rate of each iteration, and where a run ends.
class Schedule {
 public:
  // The config is checked (CheckTrainConfig). pictures_per_iteration: of all
  // processes; epoch_pictures: of the data set. Both >= 1. stretch: a factor of
  // the length, beside the config's own.
  Schedule(const ScheduleConfig& config, int64_t pictures_per_iteration,
           int64_t epoch_pictures, double stretch = 1);

  // Of iteration 0, 1, ...; after the end, that of the last one.
  double LearningRate(int64_t iteration) const;
  int64_t iterations() const { return ends_.back(); }

  // One line: the rates, where they change, and the rule for several
  // processes.
  std::string Describe() const;

 private:
  double PhaseRate(size_t phase) const;

  const ScheduleConfig config_;
  const int64_t pictures_;
  std::vector<int64_t> ends_;  // of the phases, in iterations; >= 1, rising
};

class Timetable {
 public:
  // epoch_pictures: of an epoch, repetitions included, >= 1; they are shared by
  // the processes.
  Timetable(const TrainerOptions& options, int64_t epoch_pictures,
            int processes);

  // Of an iteration, all processes together.
  int64_t pictures() const { return pictures_; }
  int64_t epoch_pictures() const { return epoch_pictures_; }
  // The last one: the run's length.
  int64_t iterations() const { return iterations_; }
  const Schedule& schedule() const { return schedule_; }
  // How many epochs `done` iterations are.
  double EpochsAt(int64_t done) const;

  // What follows the last of `done` iterations. A checkpoint: once per epoch
  // unless the options say, and at the end. A validation: with a validator,
  // after at least one iteration, by its own interval and at the end.
  bool SaveIsDue(int64_t done) const;
  bool ValidationIsDue(int64_t done) const;
  // How many validations the run has.
  int64_t validations() const;

 private:
  const int64_t pictures_;
  const int64_t epoch_pictures_;
  const Schedule schedule_;
  const int64_t iterations_;
  const int64_t save_every_;      // iterations
  const int64_t validate_every_;  // iterations; 0: never
};

// Early stopping: when validations end a run, and which weights it exports
// (ScheduleConfig.patience). All of it follows from what the run directory
// keeps, so that a run that is resumed decides as one that was never stopped.

// A best AP below it is no sign that the run has learned anything.
inline constexpr double kLearnedAp = 0.05;

// Whether the last `patience` validations that count brought no better AP;
// false without patience. Those of the warm-up do not count, nor does any
// before the best AP is kLearnedAp. Errors: those of ReadBest.
absl::StatusOr<bool> PatienceIsSpent(const std::string& run,
                                     const ScheduleConfig& schedule);

// The checkpoint whose weights are the model; nothing: the last ones are.
// Errors: those of ReadBest.
absl::StatusOr<std::optional<BestCheckpoint>> BestToExport(
    const std::string& run, const ScheduleConfig& schedule);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_TIMETABLE_H_
