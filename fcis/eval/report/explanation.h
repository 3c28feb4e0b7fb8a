// What became of each detection and object of an evaluation: what reports and
// pictures are made of.
#ifndef FCIS_EVAL_REPORT_EXPLANATION_H_
#define FCIS_EVAL_REPORT_EXPLANATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/report/calibration.h"
#include "fcis/eval/report/error_breakdown.h"
#include "fcis/eval/report/overlap_table.h"

namespace fcis::eval {

struct Explanation {
  std::vector<std::string> class_names;  // of the table's classes
  OverlapTable table;
  ErrorBreakdown breakdown;
  std::vector<ScoredOutcome> outcomes;
  OperatingPoint point;  // crowds are not asked for
};

// Of an evaluation with options.explain.
Explanation Explain(const Evaluation& evaluation);

// The IoU of a detection with an object of the table; 0: it does not touch it.
double IouWith(const OverlapTable& table, const TableDetection& detection,
               int object);

// Which categories are taken for which.
struct ConfusionMatrix {
  int num_classes = 0;
  // [truth][detection], (num_classes + 1) squared. The last row holds
  // detections on no object, the last column objects that were not found; where
  // the two meet is 0.
  std::vector<int64_t> counts;

  int64_t At(int truth, int detected) const {
    return counts[static_cast<size_t>(truth) *
                      (static_cast<size_t>(num_classes) + 1) +
                  static_cast<size_t>(detected)];
  }
};

// Of detections with at least `min_score`. By descending score each takes the
// free object of any category with the largest IoU (of equal ones the first)
// that reaches kForegroundIou. Those that take none and lie in a crowd of their
// category do not count.
ConfusionMatrix Confuse(const OverlapTable& table, double min_score);

// How well each picture went.
struct PictureScore {
  int picture = 0;
  int found = 0;   // objects, by detections that were kept
  int missed = 0;  // objects
  int wrong = 0;   // detections
  // Panoptic quality (Kirillov et al., CVPR 2019) with all categories taken
  // together: the sum of the IoUs over found + (missed + wrong) / 2. In [0, 1].
  double quality = 0;
};

// Of detections with at least `min_score`, best first; of equal quality, the
// picture where more was found, then the one with fewer errors, then the
// first. Pictures without objects and detections are left out.
std::vector<PictureScore> RankPictures(const OverlapTable& table,
                                       const ErrorBreakdown& breakdown,
                                       double min_score);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_EXPLANATION_H_
