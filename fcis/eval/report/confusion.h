// Which categories are taken for which.
#ifndef FCIS_EVAL_REPORT_CONFUSION_H_
#define FCIS_EVAL_REPORT_CONFUSION_H_

#include <cstdint>
#include <vector>

#include "fcis/eval/report/overlap_table.h"

namespace fcis::eval {

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

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_CONFUSION_H_
