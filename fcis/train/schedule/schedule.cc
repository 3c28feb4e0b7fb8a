#include "fcis/train/schedule/schedule.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

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

}  // namespace fcis::train
