// From matches to precision and recall: COCOeval's accumulate.
#ifndef FCIS_EVAL_COCO_ACCUMULATE_H_
#define FCIS_EVAL_COCO_ACCUMULATE_H_

#include <cstddef>
#include <vector>

#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis {

// COCOeval's arrays, row-major; -1 where a class has no ground truth that
// counts.
struct EvalCurves {
  // IoU thresholds, recall thresholds, classes, area ranges, max_dets.
  int T = 0, R = 0, K = 0, A = 0, M = 0;
  std::vector<double> precision;  // [T][R][K][A][M]
  std::vector<double> recall;     // [T][K][A][M]
  std::vector<double> scores;     // [T][R][K][A][M]

  EvalCurves(const EvalOptions& options, int num_classes);

  size_t At(int t, int r, int k, int a, int m) const {
    return Index(Index(Index(Index(t, R, r), K, k), A, a), M, m);
  }
  size_t At(int t, int k, int a, int m) const {
    return Index(Index(Index(t, K, k), A, a), M, m);
  }

 private:
  template <typename Outer>
  static size_t Index(Outer outer, int n, int i) {
    return static_cast<size_t>(outer) * static_cast<size_t>(n) +
           static_cast<size_t>(i);
  }
};

// Matches and accumulates, classes in parallel; equal for any number of
// threads.
EvalCurves Accumulate(const GroundTruth& truth, const Detections& detections,
                      const EvalOptions& options);

}  // namespace fcis

#endif  // FCIS_EVAL_COCO_ACCUMULATE_H_
