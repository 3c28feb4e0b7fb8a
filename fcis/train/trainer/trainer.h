// Trainer: the loop over the iterations of a run. What it changes is a
// Learner's, what it leaves a RunRecorder's, and when it does what a
// Timetable's; train.h puts them together.
#ifndef FCIS_TRAIN_TRAINER_TRAINER_H_
#define FCIS_TRAIN_TRAINER_TRAINER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/data/loader/loader.h"
#include "fcis/train/run/watchdog.h"
#include "fcis/train/step/loss_terms.h"
#include "fcis/train/trainer/learner.h"
#include "fcis/train/trainer/run_recorder.h"
#include "fcis/train/trainer/timetable.h"
#include "fcis/train/trainer/trainer_options.h"

namespace fcis::train {

// What a run costs.
struct Trial {
  double iteration_s = 0;
  int64_t bytes = 0;        // resident in all processes together, at most
  int64_t iterations = 0;   // of a run as long as the options say
  double epochs = 0;        // of such a run
  int64_t validations = 0;  // of such a run
  double validation_s = 0;  // of one, about
};

class Trainer {
 public:
  // All outlive the trainer. The loader's next sample is the first of the
  // iteration after those that the learner has done; the recorder is started.
  Trainer(const TrainerOptions& options, const Timetable& times,
          Learner* learner, data::Loader* loader, RunRecorder* recorder,
          Watchdog* watchdog, Communicator* job)
      : options_(options),
        times_(times),
        learner_(*learner),
        loader_(*loader),
        recorder_(*recorder),
        watchdog_(*watchdog),
        job_(*job) {}

  // All processes call it. Goes on to the last iteration of the timetable, or
  // until schedule.patience ends the run, and writes the model: the weights of
  // the best validation with patience, else the last ones. A stop signal
  // (InstallStopSignals) leads to a checkpoint and an early return, which is no
  // error. Returns whether the run is finished, false after a signal. Errors: a
  // picture that cannot be read; a loss or gradients that are not finite,
  // naming term, iteration and pictures; full disk.
  absl::StatusOr<bool> Run();

  // All processes call it, in place of Run: computes some iterations that
  // change no weights, which takes a few seconds, or 3 iterations where they
  // are slow. Errors as Run.
  absl::StatusOr<Trial> Try();

 private:
  // What this process found in an iteration's pictures.
  struct Own {
    LossTerms terms;
    std::vector<std::string> image_ids;
  };

  bool leads() const { return job_.rank() == 0; }
  int64_t done() const { return learner_.iteration(); }
  bool has_patience() const {
    return options_.config.schedule().patience() > 0 && options_.validate;
  }
  absl::StatusOr<Own> AddGradients();
  absl::Status AddUp(LossTerms* terms, bool* stop);
  absl::Status CheckFinite(const Own& own, const LossTerms& all) const;
  absl::Status Diverged(absl::string_view what) const;
  absl::StatusOr<UpdateNumbers> Update(double rate);
  absl::StatusOr<bool> Iterate();
  absl::Status Save();
  absl::Status Validate();
  absl::Status CheckPatience();
  absl::Status Finish();

  const TrainerOptions& options_;
  const Timetable& times_;
  Learner& learner_;
  data::Loader& loader_;
  RunRecorder& recorder_;
  Watchdog& watchdog_;
  Communicator& job_;
  int64_t saved_ = -1;  // iteration of the last checkpoint
  bool out_of_patience_ = false;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_TRAINER_H_
