// The numbers of an evaluation as a JSON file.
#ifndef FCIS_EVAL_COCO_SCORE_JSON_H_
#define FCIS_EVAL_COCO_SCORE_JSON_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"

namespace fcis::eval {

// One object: "stats" (COCOeval's twelve), "mean" and "per_category" (one row
// per category in the annotations' order: category_id, name, AP, AP50, AP75,
// APs, APm, APl, or what SizeColumns names), "num_images", "num_annotations",
// "num_detections", the options, with "AP" and "AR" in each of
// "area_ranges", "warnings" (`findings`), "seconds". -1: absent. Doubles keep
// all their digits. Class-agnostic: the rows are one, "all".
std::string ScoreJson(const Evaluation& evaluation,
                      const std::vector<std::string>& findings);

// COCOeval's arrays: {"shape": {"T", "R", "K", "A", "M"}, "precision",
// "recall", "scores"}, flat and row-major.
std::string CurvesJson(const EvalCurves& curves);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_SCORE_JSON_H_
