// Which detection finds which ground truth: COCOeval's greedy matching.
#ifndef FCIS_EVAL_COCO_MATCH_H_
#define FCIS_EVAL_COCO_MATCH_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

enum class Verdict : uint8_t {
  kUnmatched,  // a false positive, or ignored when out of the area range
  kTruePositive,
  kIgnored,
};

// Of one picture and class at one threshold. `overlaps[d]` are those of
// detection d, the detections by descending score; overlaps name objects of
// `cell`, whose first is number `first`. ignored[g]: object g does not count,
// as a crowd or for its area. Writes one verdict per detection.
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

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_MATCH_H_
