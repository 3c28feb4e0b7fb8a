// Whether scores mean what they say, and at which score a detector works best.
#ifndef FCIS_EVAL_REPORT_CALIBRATION_H_
#define FCIS_EVAL_REPORT_CALIBRATION_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/eval/report/error_breakdown.h"
#include "fcis/eval/report/overlap_table.h"

namespace fcis::eval {

struct ScoredOutcome {
  double score = 0;
  bool correct = false;
};

// The detections that count, in the table's order.
std::vector<ScoredOutcome> OutcomesOf(const OverlapTable& table,
                                      const ErrorBreakdown& breakdown);

struct CalibrationBin {
  int64_t detections = 0;
  double mean_score = 0;
  double precision = 0;  // share of correct ones
};

struct Calibration {
  // Scores in [i / n, (i + 1) / n) of n bins, those of 1 in the last; scores
  // outside of [0, 1] belong to the first and the last.
  std::vector<CalibrationBin> bins;
  // Expected calibration error (Naeini et al., AAAI 2015): |precision - mean
  // score|, averaged over the detections. 0 for none.
  double error = 0;
  double overconfidence = 0;  // Overconfidence(outcomes)
};

Calibration Calibrate(absl::Span<const ScoredOutcome> outcomes, int num_bins);

// How much too sure the scores from 0.5 on are: the number of logits by which
// they have to be less for the outcomes to be likeliest, if a number around 0
// is expected (normal, of deviation 1), so that few detections tell little.
// (The many that are less sure are almost never right; they would decide it.)
// 0 for none.
double Overconfidence(absl::Span<const ScoredOutcome> outcomes);

// A score to cut at.
struct OperatingPoint {
  double score = .5;  // detections with at least this score are kept
  double precision = 0, recall = 0, f1 = 0;
};

// Where F1 is largest; of equal ones the highest score. Without a correct
// detection: as initialised.
OperatingPoint BestOperatingPoint(std::vector<ScoredOutcome> outcomes,
                                  int64_t num_objects);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_CALIBRATION_H_
