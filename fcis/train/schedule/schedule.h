// The learning rate of each iteration, and where a run ends.
#ifndef FCIS_TRAIN_SCHEDULE_SCHEDULE_H_
#define FCIS_TRAIN_SCHEDULE_SCHEDULE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fcis/train/config/train.pb.h"

namespace fcis::train {

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

}  // namespace fcis::train

#endif  // FCIS_TRAIN_SCHEDULE_SCHEDULE_H_
