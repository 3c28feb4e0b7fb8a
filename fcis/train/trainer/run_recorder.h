// RunRecorder: what a run leaves and says: the log, checkpoints, the best and
// the final model in its directory, and the lines and the table on the
// terminal. All of it is rank 0's; in other ranks every function does nothing.
#ifndef FCIS_TRAIN_TRAINER_RUN_RECORDER_H_
#define FCIS_TRAIN_TRAINER_RUN_RECORDER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/checkpoint/checkpoint_store.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/run/event_log.h"
#include "fcis/train/run/log_follower.h"
#include "fcis/train/run/run_directory.h"
#include "fcis/train/run/run_record.h"
#include "fcis/train/run/train_console.h"
#include "fcis/train/step/loss_terms.h"
#include "fcis/train/trainer/learner.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

// What is logged of an iteration.
struct IterationNumbers {
  int64_t iteration = 0;
  double epoch = 0, learning_rate = 0;
  LossTerms terms;  // of all processes
  UpdateNumbers update;
  int64_t pictures = 0;  // of all processes
  absl::Duration took, waited_for_data;
};

class RunRecorder {
 public:
  // `path`: of the run directory, in all processes; `directory`: rank 0's,
  // which outlives the recorder, and null in the others.
  RunRecorder(std::string path, RunDirectory* directory, RunRecord record);

  const std::string& path() const { return path_; }

  // Prints the line.
  void Say(const std::string& line);

  // The run begins, or goes on, after start.iteration iterations; it will have
  // `iterations`. `start.record` and
  // `start.iterations` are the recorder's to fill. What this makes
  // untrue is set aside (renamed to "<name>.set_aside"): newer checkpoints, a
  // model of later iterations, a best one that can be compared no more.
  absl::Status Start(RunStart start, int64_t iterations);

  // The functions below: after Start. Errors are those of the disk.

  // A row of the log, and of the table on the terminal.
  absl::Status Iteration(const IterationNumbers& numbers);
  // Writes the checkpoint, of the last iteration, and removes old ones, all but
  // `keep` (0: none).
  absl::Status Keep(const Checkpoint& checkpoint, int keep);
  // The newest checkpoint, which is of `iteration`, has this score.
  absl::Status Validation(int64_t iteration, const ValidationScore& score);
  // No iteration follows: lines are no longer printed around the table's bar.
  void EndTable() { console_.reset(); }
  // The weights of best.safetensors, of the model `config`.
  absl::StatusOr<model::Weights> BestWeights(const ModelConfig& config) const;
  // The run is finished after so many iterations, and this is its model.
  absl::Status Finish(const model::Weights& model, int64_t iterations);

 private:
  // losses.svg, of all that is logged.
  absl::Status WriteLossChart();

  const std::string path_;
  RunDirectory* const directory_;
  RunRecord record_;
  std::unique_ptr<EventLog> log_;
  LogFollower logged_;
  std::unique_ptr<TrainConsole> console_;  // null: no table is under way
  absl::Time began_;                       // by Start
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_RUN_RECORDER_H_
