#include "fcis/eval/report/calibration.h"

#include <algorithm>
#include <cmath>

#include "absl/algorithm/container.h"
#include "fcis/core/config/purpose.h"

namespace fcis::eval {

std::vector<ScoredOutcome> OutcomesOf(const OverlapTable& table,
                                      const ErrorBreakdown& breakdown) {
  std::vector<ScoredOutcome> outcomes;
  for (size_t d = 0; d < table.detections.size(); ++d) {
    const DetectionFate& fate = breakdown.fates[d];
    if (!fate.ignored) {
      outcomes.push_back({table.detections[d].score, fate.correct});
    }
  }
  return outcomes;
}

// The derivative of the likelihood's logarithm falls with the shift.
double Overconfidence(absl::Span<const ScoredOutcome> outcomes) {
  constexpr int kHalvings = 50;
  constexpr double kSure = .5;
  double low = -20, high = 20;
  for (int i = 0; i < kHalvings; ++i) {
    const double shift = (low + high) / 2;
    double slope = -shift;
    for (const ScoredOutcome& outcome : outcomes) {
      if (outcome.score < kSure) continue;
      slope += LoweredScore(outcome.score, shift) - outcome.correct;
    }
    (slope > 0 ? low : high) = shift;
  }
  return (low + high) / 2;
}

Calibration Calibrate(absl::Span<const ScoredOutcome> outcomes, int num_bins) {
  Calibration calibration;
  calibration.bins.resize(static_cast<size_t>(num_bins));
  for (const ScoredOutcome& outcome : outcomes) {
    const double place = std::clamp(outcome.score * num_bins, 0.0,
                                    static_cast<double>(num_bins - 1));
    CalibrationBin& bin = calibration.bins[static_cast<size_t>(place)];
    ++bin.detections;
    bin.mean_score += outcome.score;
    bin.precision += outcome.correct;
  }
  for (CalibrationBin& bin : calibration.bins) {
    if (bin.detections == 0) continue;
    calibration.error += std::abs(bin.precision - bin.mean_score) /
                         static_cast<double>(outcomes.size());
    bin.mean_score /= static_cast<double>(bin.detections);
    bin.precision /= static_cast<double>(bin.detections);
  }
  calibration.overconfidence = Overconfidence(outcomes);
  return calibration;
}

OperatingPoint BestOperatingPoint(std::vector<ScoredOutcome> outcomes,
                                  int64_t num_objects) {
  absl::c_sort(outcomes, [](const ScoredOutcome& a, const ScoredOutcome& b) {
    return a.score > b.score;
  });
  OperatingPoint best;
  double correct = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    correct += outcomes[i].correct;
    const bool last_of_equal =
        i + 1 == outcomes.size() || outcomes[i + 1].score < outcomes[i].score;
    const auto kept = static_cast<double>(i + 1);
    const auto objects = static_cast<double>(num_objects);
    const double f1 = 2 * correct / (kept + objects);
    if (!last_of_equal || f1 <= best.f1) continue;
    best = {outcomes[i].score, correct / kept, correct / objects, f1};
  }
  return best;
}

}  // namespace fcis::eval
