#include "fcis/train/trainer/timetable.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::train {

Schedule::Schedule(const ScheduleConfig& config, int64_t pictures_per_iteration,
                   int64_t epoch_pictures, double stretch)
    : config_(config), pictures_(pictures_per_iteration) {
  int64_t end = 1;
  for (const auto& phase : config.phases()) {
    // Whole iterations, as the references count them.
    double own = static_cast<double>(phase.end_iteration());
    if (phase.has_end_epoch()) {
      own = phase.end_epoch() * epoch_pictures / pictures_per_iteration;
    }
    if (phase.has_end_picture()) {
      own = std::ceil(static_cast<double>(phase.end_picture()) /
                      pictures_per_iteration);
    }
    end = std::max(end, static_cast<int64_t>(own * config.stretch() * stretch));
    ends_.push_back(end);
  }
}

double Schedule::PhaseRate(size_t phase) const {
  return config_.phases(static_cast<int>(phase)).lr() *
         (config_.per_picture() ? pictures_ : 1);
}

double Schedule::LearningRate(int64_t iteration) const {
  constexpr double kPi = 3.14159265358979323846;
  iteration = std::min(iteration, iterations() - 1);
  const size_t phase =
      std::upper_bound(ends_.begin(), ends_.end(), iteration) - ends_.begin();
  double rate = PhaseRate(phase);
  if (config_.cosine()) {
    rate *= 0.5 * (1 + std::cos(kPi * iteration / iterations()));
  }
  if (iteration < config_.warmup_iterations()) {
    rate *= (iteration + 1.0) / config_.warmup_iterations();
  }
  return rate;
}

std::string Schedule::Describe() const {
  std::string text = "learning rate:";
  for (size_t p = 0; p < ends_.size(); ++p) {
    absl::StrAppend(&text, p == 0 ? " " : ", then ", PhaseRate(p),
                    " up to iteration ", ends_[p]);
  }
  if (config_.cosine()) absl::StrAppend(&text, ", falling as a cosine to 0");
  if (config_.warmup_iterations() > 0) {
    absl::StrAppend(&text, ", after a linear warm-up of ",
                    config_.warmup_iterations(), " iterations");
  }
  return absl::StrCat(
      text, config_.per_picture()
                ? absl::StrCat(" (the recipe's rate times ", pictures_,
                               " pictures per iteration)")
                : " (the recipe's, whatever the number of processes)");
}

namespace {

// Of `epochs`; at least one.
int64_t IterationsOf(double epochs, int64_t epoch_pictures, int64_t pictures) {
  const int64_t epoch = std::max<int64_t>(1, epoch_pictures / pictures);
  const auto whole = static_cast<int64_t>(epochs * static_cast<double>(epoch));
  return std::max<int64_t>(1, whole);
}

}  // namespace

Timetable::Timetable(const TrainerOptions& options, int64_t epoch_pictures,
                     int processes)
    : pictures_(int64_t{processes} * options.config.batch() *
                options.config.accumulate()),
      epoch_pictures_(epoch_pictures),
      schedule_(options.config.schedule(), pictures_, epoch_pictures,
                options.stretch),
      iterations_(options.max_iterations > 0 ? options.max_iterations
                                             : schedule_.iterations()),
      save_every_(options.checkpoint_every > 0
                      ? options.checkpoint_every
                      : IterationsOf(1, epoch_pictures, pictures_)),
      validate_every_(options.validate ? IterationsOf(options.validate_every,
                                                      epoch_pictures, pictures_)
                                       : 0) {}

double Timetable::EpochsAt(int64_t done) const {
  return static_cast<double>(done) * pictures_ / epoch_pictures_;
}

bool Timetable::SaveIsDue(int64_t done) const {
  return done == iterations_ || done % save_every_ == 0;
}

bool Timetable::ValidationIsDue(int64_t done) const {
  return validate_every_ > 0 && done > 0 &&
         (done == iterations_ || done % validate_every_ == 0);
}

int64_t Timetable::validations() const {
  return validate_every_ == 0 ? 0 : (iterations_ - 1) / validate_every_ + 1;
}

absl::StatusOr<bool> PatienceIsSpent(const std::string& run,
                                     const ScheduleConfig& schedule) {
  ASSIGN_OR_RETURN(const std::optional<BestCheckpoint> best,
                   BestToExport(run, schedule));
  if (!best.has_value() || best->ap < kLearnedAp) return false;
  const auto count = std::count_if(
      best->later.begin(), best->later.end(), [&](int64_t iteration) {
        return iteration > schedule.warmup_iterations();
      });
  return count >= schedule.patience();
}

absl::StatusOr<std::optional<BestCheckpoint>> BestToExport(
    const std::string& run, const ScheduleConfig& schedule) {
  if (schedule.patience() == 0) return std::optional<BestCheckpoint>();
  ASSIGN_OR_RETURN(std::optional<BestCheckpoint> best, ReadBest(run));
  // It has found nothing: a later one may have learned more.
  if (best.has_value() && best->ap <= 0) best.reset();
  return best;
}

}  // namespace fcis::train
