// Pascal VOC's average precision, as chainercv computes it for masks
// (eval_instance_segmentation_voc) and boxes (eval_detection_voc), and FCIS is
// quoted by: mAP at an IoU of 0.5 and 0.7.
#ifndef FCIS_EVAL_COCO_VOC_SCORE_H_
#define FCIS_EVAL_COCO_VOC_SCORE_H_

#include <string>
#include <vector>

#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/coco/score_table.h"

namespace fcis::eval {

// -1: there is no object of the class.
struct VocAp {
  double area = -1;    // under the curve, precision made monotone (VOC 2010)
  double eleven = -1;  // mean precision at recalls 0, 0.1, ..., 1 (VOC 2007)
};

struct VocScores {
  std::vector<double> thresholds;  // IoUs
  struct Class {
    data::RecordId id;
    std::string name;
    std::vector<VocAp> aps;  // by threshold
  };
  std::vector<Class> classes;  // as CategoryRows; class-agnostic: "all"
  std::vector<VocAp> means;    // by threshold, over classes with objects
};

// At the options' iou_thresholds. Detections of a class, the best scores first,
// each take the object of the picture and class that they overlap the most, of
// equal ones the first: a true positive when the IoU reaches the threshold and
// no better one took it, else a false one. Nothing is cut off, neither by
// number nor by area. Crowds are VOC's difficult objects: what takes one does
// not count, by COCO's IoU with crowds. Of equal scores (where chainercv's
// order is that of an unstable sort) the earlier picture, then the earlier
// record, comes first. Boxes are as COCO has them: the far sides do not belong
// to them (VOC's xmax, ymax do).
VocScores ScoreVoc(const Evaluation& evaluation);

// "mAP@0.50 0.4321 (VOC 2007: 0.4123)": a line for each threshold.
std::string VocText(const VocScores& scores);

// Mean first; four digits, "nan" for a class without objects.
TableRows VocRows(const VocScores& scores);

// {"metric": "voc", "iou_thresholds": [..], "mean": {"AP": [..], "AP07": [..]},
// "per_category": [{"category_id", "name", "AP", "AP07"}, ..], "warnings"
// (`findings`)}, all digits, -1 for a class without objects.
std::string VocJson(const VocScores& scores,
                    const std::vector<std::string>& findings);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_VOC_SCORE_H_
