// When a run does what: the pictures of an iteration, the iterations of an
// epoch and of the run, and what follows which of them.
#ifndef FCIS_TRAIN_TRAINER_TIMETABLE_H_
#define FCIS_TRAIN_TRAINER_TIMETABLE_H_

#include <cstdint>

#include "fcis/train/schedule/schedule.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

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

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_TIMETABLE_H_
