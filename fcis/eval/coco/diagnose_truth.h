// What is odd in the annotations of an evaluation.
#ifndef FCIS_EVAL_COCO_DIAGNOSE_TRUTH_H_
#define FCIS_EVAL_COCO_DIAGNOSE_TRUTH_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"

namespace fcis::eval {

// One line each, for people, with a count and the first few ids: no ground
// truth; ids asked for that are not there; an id 0; annotations of pictures or
// categories that are not listed; ids that come again; categories of one name;
// masks of another size than their picture, where masks are compared. Empty:
// nothing strange.
std::vector<std::string> DiagnoseTruth(const Evaluation& evaluation);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_DIAGNOSE_TRUTH_H_
