#include "fcis/train/trainer/patience.h"

#include <algorithm>
#include <cstdint>

#include "fcis/core/base/status_macros.h"

namespace fcis::train {

absl::StatusOr<bool> PatienceIsSpent(const std::string& run,
                                     const ScheduleConfig& schedule) {
  ASSIGN_OR_RETURN(const absl::optional<BestCheckpoint> best,
                   BestToExport(run, schedule));
  if (!best.has_value() || best->ap < kLearnedAp) return false;
  const auto count = std::count_if(
      best->later.begin(), best->later.end(), [&](int64_t iteration) {
        return iteration > schedule.warmup_iterations();
      });
  return count >= schedule.patience();
}

absl::StatusOr<absl::optional<BestCheckpoint>> BestToExport(
    const std::string& run, const ScheduleConfig& schedule) {
  if (schedule.patience() == 0) return absl::optional<BestCheckpoint>();
  ASSIGN_OR_RETURN(absl::optional<BestCheckpoint> best, ReadBest(run));
  // It has found nothing: a later one may have learned more.
  if (best.has_value() && best->ap <= 0) best.reset();
  return best;
}

}  // namespace fcis::train
