// COCOeval's greedy matching of the detections and objects of one picture and
// class (evaluateImg), at many IoU thresholds at once.
#ifndef FCIS_EVAL_COCO_CELL_MATCHER_H_
#define FCIS_EVAL_COCO_CELL_MATCHER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"

namespace fcis::eval {

// What a detection is, bit t for threshold number t: a true positive, or
// nothing that counts, as it found an object that does not; else it found
// nothing.
struct Verdict {
  uint64_t correct = 0, ignored = 0;
};

// Each detection takes the free object with the largest IoU that reaches the
// threshold, of equal ones the last, one that counts before one that does not;
// a crowd is never used up.
class CellMatcher {
 public:
  static constexpr size_t kMaxThresholds = 64;

  // `thresholds`: kMaxThresholds at most, in any order.
  explicit CellMatcher(absl::Span<const double> thresholds);

  // `overlaps[d]` are those of detection d, the detections by descending score;
  // overlaps name objects of `cell`, whose first is number `first`. ignored[g]:
  // object g does not count, as a crowd or for its area. Writes one verdict per
  // detection.
  void Match(absl::Span<const TruthObject> cell, uint32_t first,
             absl::Span<const uint8_t> ignored,
             absl::Span<const absl::Span<const Overlap>> overlaps,
             absl::Span<Verdict> verdicts);

 private:
  uint64_t Reached(double iou) const;
  int64_t Find(absl::Span<const TruthObject> cell, uint32_t first,
               absl::Span<const uint8_t> ignored,
               absl::Span<const Overlap> overlaps, size_t t) const;

  std::vector<double> lowest_;  // IoUs that match
  std::vector<uint64_t> used_;  // by object: at which thresholds
};

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_CELL_MATCHER_H_
