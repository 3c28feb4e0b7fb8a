#include "fcis/train/main/run_length.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/progress/progress.h"

namespace fcis::train {

double SecondsOf(const Trial& trial) {
  return trial.iteration_s * static_cast<double>(trial.iterations) +
         trial.validation_s * static_cast<double>(trial.validations);
}

double StretchToFit(const Trial& trial, double minutes) {
  const double seconds = SecondsOf(trial);
  if (minutes <= 0 || seconds <= 60 * minutes) return 1;
  return 60 * minutes / seconds;
}

std::string DescribeLength(const Trial& trial, double stretch, int processes,
                           absl::Time now) {
  const absl::Duration takes = absl::Seconds(SecondsOf(trial) * stretch);
  const absl::Time end = now + takes;
  const char* const format =
      takes < absl::Hours(12) ? "%H:%M" : "%Y-%m-%d %H:%M";
  return absl::StrFormat(
      "time: about %s, to %s (%.3g s an iteration%s); memory: %.1f GiB%s",
      DurationText(takes), absl::FormatTime(format, end, absl::LocalTimeZone()),
      trial.iteration_s,
      stretch < 1 ? absl::StrFormat("; shortened to %.2g of the recipe's "
                                    "iterations",
                                    stretch)
                  : "",
      static_cast<double>(trial.bytes) / (int64_t{1} << 30),
      processes > 1 ? absl::StrCat(" in ", processes, " processes") : "");
}

double InputScaleFor(double epochs, double least, const InputConfig& input) {
  constexpr double kSmallest = 2. / 3;
  if (epochs >= least) return 1;
  const double scale = std::max(kSmallest, std::sqrt(epochs / least));
  InputConfig scaled = input;
  ScaleInput(scale, &scaled);
  return scaled.min_size() < input.min_size() ? scale : 1;
}

absl::StatusOr<RunLength> FitLength(const TrainerOptions& options,
                                    const data::TrainingSet& data,
                                    const model::Weights& initial,
                                    bool may_shrink,
                                    kernels::TrainBackend* backend,
                                    Communicator* job, const SayLine& say) {
  constexpr int64_t kWorthATrial = 100;  // iterations
  const ScheduleConfig& schedule = options.config.schedule();
  const int64_t most = options.max_iterations;
  const double minutes = most > 0 ? 0 : schedule.minutes();
  if (minutes <= 0 && most > 0 && most < kWorthATrial) return RunLength();
  ASSIGN_OR_RETURN(const Trial trial,
                   TryIterations(options, data, initial, backend, job));
  // Rank 0's, since they must be the same to the last bit.
  double chosen[] = {0, 0};
  if (job->rank() == 0) {
    const double stretch = StretchToFit(trial, minutes);
    chosen[0] = stretch;
    chosen[1] =
        may_shrink && stretch < 1
            ? InputScaleFor(trial.epochs * stretch, schedule.least_epochs(),
                            initial.config.input())
            : 1;
  }
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(chosen)));
  const RunLength length = {chosen[0], chosen[1]};
  if (length.input_scale == 1) {
    say(DescribeLength(trial, length.stretch, job->size(), absl::Now()));
  }
  return length;
}

}  // namespace fcis::train
