// What became of each detection and object of an evaluation: what reports and
// pictures are made of.
#ifndef FCIS_EVAL_REPORT_EXPLANATION_H_
#define FCIS_EVAL_REPORT_EXPLANATION_H_

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

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_EXPLANATION_H_
