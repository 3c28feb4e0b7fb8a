#include "fcis/train/trainer/trainer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/peak_memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/stop_signal.h"
#include "fcis/core/config/purpose.h"
#include "fcis/train/trainer/timetable.h"

namespace fcis::train {
namespace {

// Of the time of a training step, about, with what follows the network.
constexpr double kForwardShare = .5;

}  // namespace

absl::StatusOr<bool> Trainer::Run() {
  // It may be what the run was stopped in.
  if (done() <= times_.iterations() && times_.ValidationIsDue(done())) {
    RETURN_IF_ERROR(Validate());
  }
  RETURN_IF_ERROR(CheckPatience());
  while (done() < times_.iterations() && !out_of_patience_) {
    ASSIGN_OR_RETURN(const bool stopped, Iterate());
    if (stopped) return false;
  }
  if (leads()) RETURN_IF_ERROR(Finish());
  return true;
}

// Returns whether it was the last one because of a stop signal.
absl::StatusOr<bool> Trainer::Iterate() {
  IterationNumbers numbers;
  const absl::Time began = SteadyNow();
  const double waited_before = loader_.wait_seconds();
  ASSIGN_OR_RETURN(const Own own, AddGradients());
  numbers.terms = own.terms;
  bool stop = StopRequested();
  RETURN_IF_ERROR(AddUp(&numbers.terms, &stop));
  RETURN_IF_ERROR(CheckFinite(own, numbers.terms));
  numbers.learning_rate = times_.schedule().LearningRate(done());
  ASSIGN_OR_RETURN(numbers.update, Update(numbers.learning_rate));
  numbers.iteration = done();
  numbers.epoch = times_.EpochsAt(done());
  numbers.pictures = times_.pictures();
  numbers.took = SteadyNow() - began;
  numbers.waited_for_data =
      absl::Seconds(loader_.wait_seconds() - waited_before);
  RETURN_IF_ERROR(recorder_.Iteration(numbers));

  if (stop || times_.SaveIsDue(done())) RETURN_IF_ERROR(Save());
  if (times_.ValidationIsDue(done())) {
    RETURN_IF_ERROR(Validate());
    RETURN_IF_ERROR(CheckPatience());
  }
  if (!stop || done() == times_.iterations() || out_of_patience_) {
    return false;
  }
  recorder_.Say(absl::StrCat("stopped by a signal after iteration ", done()));
  return true;
}

// Those of all processes, added up; the terms are this one's.
absl::StatusOr<Trainer::Own> Trainer::AddGradients() {
  const TrainConfig& config = options_.config;
  Own own;
  for (int part = 0; part < config.accumulate(); ++part) {
    watchdog_.Feed("loading pictures", done() + 1);
    std::vector<data::TrainSample> samples;
    std::vector<Sampler> samplers;
    for (int b = 0; b < config.batch(); ++b) {
      ASSIGN_OR_RETURN(data::LoadedSample loaded, loader_.Next());
      own.image_ids.push_back(loaded.image_id);
      // A stream per picture: the same on whichever process it falls.
      samplers.emplace_back(
          RngBits(RngKey("training targets", options_.seed), loaded.number));
      samples.push_back(std::move(loaded.sample));
    }
    watchdog_.Feed("forward and backward pass", done() + 1);
    ASSIGN_OR_RETURN(
        const LossTerms terms,
        learner_.AddGradients(samples, absl::MakeSpan(samplers), part == 0,
                              part + 1 == config.accumulate()));
    own.terms.Add(terms);
  }
  watchdog_.FeedWaitingForOthers("sums of gradients", done() + 1);
  RETURN_IF_ERROR(learner_.AddUpGradients());
  return own;
}

// The terms of all processes, and whether one of them was asked to stop.
absl::Status Trainer::AddUp(LossTerms* terms, bool* stop) {
  std::array<double, kNumLossNumbers + 1> sums;
  std::copy(terms->numbers.begin(), terms->numbers.end(), sums.begin());
  sums.back() = *stop;
  RETURN_IF_ERROR(job_.Sum(absl::MakeSpan(sums)));
  std::copy_n(sums.begin(), terms->numbers.size(), terms->numbers.begin());
  *stop = sums.back() > 0;
  return absl::OkStatus();
}

absl::Status Trainer::Diverged(absl::string_view what) const {
  return absl::AbortedError(absl::StrCat(
      "iteration ", done() + 1, ": ", what,
      "; a lower learning rate, a warm-up or clip_norm may help. The last "
      "checkpoint is kept"));
}

// The process whose terms they are also names its pictures.
absl::Status Trainer::CheckFinite(const Own& own, const LossTerms& all) const {
  if (NotFinite(all).empty()) return absl::OkStatus();
  const std::string mine = NotFinite(own.terms);
  if (mine.empty()) return Diverged(NotFinite(all));
  return Diverged(absl::StrCat(mine, " for image ids ",
                               absl::StrJoin(own.image_ids, ", "), " on rank ",
                               job_.rank()));
}

absl::StatusOr<UpdateNumbers> Trainer::Update(double rate) {
  watchdog_.Feed("update", done() + 1);
  absl::StatusOr<UpdateNumbers> numbers = learner_.Update(rate);
  if (absl::IsAborted(numbers.status())) {
    return Diverged(numbers.status().message());
  }
  return numbers;
}

absl::Status Trainer::Save() {
  watchdog_.FeedWaitingForOthers("checkpoint", done());
  absl::Status saved;
  if (leads()) {
    const absl::StatusOr<Checkpoint> checkpoint = learner_.Save();
    saved = checkpoint.ok()
                ? recorder_.Keep(*checkpoint, options_.keep_checkpoints)
                : checkpoint.status();
  }
  saved_ = done();
  ASSIGN_OR_RETURN(const int failed, job_.Sum(saved.ok() ? 0 : 1));
  RETURN_IF_ERROR(saved);
  return failed == 0
             ? absl::OkStatus()
             : absl::AbortedError("rank 0 could not write its checkpoint");
}

absl::Status Trainer::Validate() {
  if (saved_ != done()) RETURN_IF_ERROR(Save());
  watchdog_.FeedWaitingForOthers("validation", done());
  ASSIGN_OR_RETURN(const model::Weights averaged, learner_.Averaged());
  ASSIGN_OR_RETURN(const ValidationScore score,
                   options_.validate(averaged, done(), recorder_.path()));
  return recorder_.Validation(done(), score);
}

// Rank 0 knows, from what the run keeps, so that a resume comes to the same
// answer.
absl::Status Trainer::CheckPatience() {
  if (!has_patience()) return absl::OkStatus();
  const ScheduleConfig& schedule = options_.config.schedule();
  bool spent = false;
  if (leads()) {
    ASSIGN_OR_RETURN(spent, PatienceIsSpent(recorder_.path(), schedule));
  }
  ASSIGN_OR_RETURN(const int told, job_.Sum(spent ? 1 : 0));
  out_of_patience_ = told > 0;
  if (out_of_patience_ && done() < times_.iterations()) {
    recorder_.Say(absl::StrCat("no better AP in ", schedule.patience(),
                               " validations: training ends after iteration ",
                               done(), " of ", times_.iterations()));
  }
  return absl::OkStatus();
}

// By rank 0.
absl::Status Trainer::Finish() {
  watchdog_.Feed("writing the model", done());
  recorder_.EndTable();
  std::optional<BestCheckpoint> best;
  if (has_patience()) {
    ASSIGN_OR_RETURN(
        best, BestToExport(recorder_.path(), options_.config.schedule()));
  }
  const int64_t iteration = best.has_value() ? best->iteration : done();
  ASSIGN_OR_RETURN(model::Weights model, learner_.Averaged());
  if (iteration != done()) {
    ASSIGN_OR_RETURN(model, recorder_.BestWeights(model.config));
  }
  if (best.has_value()) {
    recorder_.Say(absl::StrCat("the model is of iteration ", iteration,
                               ", the best validated: AP ", best->ap));
  }
  if (options_.overconfidence) {
    const double lower = options_.overconfidence(iteration);
    if (lower != 0) LowerScores(lower, &model.config);
  }
  return recorder_.Finish(model, done());
}

absl::StatusOr<Trial> Trainer::Try() {
  constexpr int kFirst = 2;  // that make plans, threads and buffers
  constexpr absl::Duration kLongEnough = absl::Seconds(4);
  const int64_t iterations = times_.iterations();
  const int64_t most = kFirst + std::clamp<int64_t>(iterations / 20, 1, 40);
  absl::Time began = SteadyNow();
  int timed = 0;
  for (int n = 0; n < most; ++n) {
    if (n == kFirst) began = SteadyNow();
    RETURN_IF_ERROR(AddGradients().status());
    RETURN_IF_ERROR(Update(0).status());
    timed = n + 1 - kFirst;
    const bool enough =
        leads() && timed > 0 && SteadyNow() - began > kLongEnough;
    ASSIGN_OR_RETURN(const int ends, job_.Sum(enough ? 1 : 0));
    if (ends > 0) break;
  }
  double sums[] = {absl::ToDoubleSeconds(SteadyNow() - began) / timed,
                   static_cast<double>(PeakResidentBytes())};
  RETURN_IF_ERROR(job_.Sum(absl::MakeSpan(sums)));
  Trial trial;
  trial.iteration_s = sums[0] / job_.size();
  trial.bytes = static_cast<int64_t>(sums[1]);
  trial.iterations = iterations;
  trial.epochs = times_.EpochsAt(iterations);
  trial.validations = times_.validations();
  trial.validation_s = trial.iteration_s * kForwardShare *
                       static_cast<double>(options_.validation_pictures) /
                       static_cast<double>(times_.pictures());
  return trial;
}

}  // namespace fcis::train
