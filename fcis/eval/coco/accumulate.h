// From matches to precision and recall: COCOeval's accumulate.
#ifndef FCIS_EVAL_COCO_ACCUMULATE_H_
#define FCIS_EVAL_COCO_ACCUMULATE_H_

#include <cstddef>
#include <vector>

#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

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
