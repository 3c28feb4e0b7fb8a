// One class of COCOeval: its detections in order, matched, and counted into its
// curves.
#ifndef FCIS_EVAL_COCO_CLASS_EVALUATION_H_
#define FCIS_EVAL_COCO_CLASS_EVALUATION_H_

#include "absl/types/span.h"
#include "fcis/eval/coco/accumulate.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"
#include "fcis/eval/coco/rank_order.h"

namespace fcis::eval {

// Fills the curves of class `klass`, whose detections are `members`, by their
// position in the list, in any order.
void EvaluateClass(const GroundTruth& truth, const Detections& detections,
                   const EvalOptions& options, int klass,
                   absl::Span<const RankKey> members, EvalCurves& curves);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_CLASS_EVALUATION_H_
