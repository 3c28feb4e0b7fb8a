// What a 0 or a -1 may come from: findings about the files of an evaluation.
#ifndef FCIS_EVAL_COCO_DIAGNOSE_H_
#define FCIS_EVAL_COCO_DIAGNOSE_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"

namespace fcis::eval {

// One line each, for people: what DiagnoseTruth says; nothing in common, boxes
// in another convention, scores outside [0, 1], category ids that look off by a
// mapping, masks of another size, duplicate keys, string ids, and each of
// COCOeval's oddities that applies. Reads the results again when hardly
// anything was found, to see whether the categories are to blame. Empty:
// nothing strange.
std::vector<std::string> Diagnose(const Evaluation& evaluation);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_DIAGNOSE_H_
