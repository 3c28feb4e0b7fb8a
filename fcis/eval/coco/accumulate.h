// From overlaps to matches, and from those to precision and recall: COCOeval's
// evaluateImg and accumulate.
#ifndef FCIS_EVAL_COCO_ACCUMULATE_H_
#define FCIS_EVAL_COCO_ACCUMULATE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// What a detection is at a threshold.
enum class Verdict : uint8_t {
  kUnmatched,  // a false positive, or ignored when out of the area range
  kTruePositive,
  kIgnored,
};

// COCOeval's greedy matching of one picture and class at one threshold.
// `overlaps[d]` are those of detection d, the detections by descending score;
// overlaps name objects of `cell`, whose first is number `first`. ignored[g]:
// object g does not count, as a crowd or for its area. Writes one verdict per
// detection.
//
// Each detection takes the free object with the largest IoU that reaches the
// threshold, of equal ones the last, one that counts before one that does not;
// a crowd is never used up.
class CellMatcher {
 public:
  void Match(absl::Span<const TruthObject> cell, uint32_t first,
             absl::Span<const uint8_t> ignored,
             absl::Span<const absl::Span<const Overlap>> overlaps,
             double threshold, absl::Span<Verdict> verdicts);

 private:
  std::vector<uint8_t> used_;
};

// COCOeval's arrays; -1 where a class has no ground truth that counts. Kept
// curve by curve, not in COCOeval's order of axes: ask At().
struct EvalCurves {
  // IoU thresholds, recall thresholds, classes, area ranges, max_dets.
  int T = 0, R = 0, K = 0, A = 0, M = 0;
  std::vector<double> precision, scores;  // At(t, r, k, a, m)
  std::vector<double> recall;             // At(t, k, a, m)

  EvalCurves(const EvalOptions& options, int num_classes);

  size_t At(int t, int r, int k, int a, int m) const {
    return At(t, k, a, m) * static_cast<size_t>(R) + static_cast<size_t>(r);
  }
  size_t At(int t, int k, int a, int m) const {
    return ((static_cast<size_t>(k) * static_cast<size_t>(A) +
             static_cast<size_t>(a)) *
                static_cast<size_t>(M) +
            static_cast<size_t>(m)) *
               static_cast<size_t>(T) +
           static_cast<size_t>(t);
  }
};

// Matches and accumulates, classes in parallel; equal for any number of
// threads.
EvalCurves Accumulate(const GroundTruth& truth, const Detections& detections,
                      const EvalOptions& options);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_ACCUMULATE_H_
