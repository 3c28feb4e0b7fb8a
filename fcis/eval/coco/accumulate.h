// From overlaps to matches, and from those to precision and recall: COCOeval's
// evaluateImg and accumulate.
#ifndef FCIS_EVAL_COCO_ACCUMULATE_H_
#define FCIS_EVAL_COCO_ACCUMULATE_H_

#include <cstddef>

#include "fcis/core/base/large_vector.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// COCOeval's arrays; -1 where a class has no ground truth that counts. Kept
// curve by curve, not in COCOeval's order of axes: ask At().
struct EvalCurves {
  // IoU thresholds, recall thresholds, classes, area ranges, max_dets.
  int T = 0, R = 0, K = 0, A = 0, M = 0;
  LargeVector<double> precision, scores;  // At(t, r, k, a, m)
  LargeVector<double> recall;             // At(t, k, a, m)

  EvalCurves() = default;
  // The numbers are not set yet.
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
