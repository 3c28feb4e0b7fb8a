// The numbers that are quoted: COCOeval's twelve, and a row per category.
#ifndef FCIS_EVAL_COCO_SUMMARY_H_
#define FCIS_EVAL_COCO_SUMMARY_H_

#include <array>
#include <string>
#include <vector>

#include "fcis/eval/coco/accumulate.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// -1 stands for a mean over nothing: no ground truth, or no such threshold,
// area range or max_dets among the options.

// AP, AP50, AP75, and AP of each of EvalSummary::sizes.
using CategoryScore = std::vector<double>;

// Of an area range, at the third of max_dets.
struct SizeScore {
  std::string label;
  double ap = -1, ar = -1;
};

struct EvalSummary {
  // AP, AP50, AP75, APs, APm, APl, AR at max_dets 1, 2, 3, ARs, ARm, ARl. As in
  // pycocotools the first is that at 100 detections, -1 when max_dets has no
  // 100 (unless options.sane); "max_dets 3" is the third of them, or the last
  // of fewer.
  std::array<double, 12> stats = {};
  // Of the area ranges but "all", in the options' order; ranges of one label
  // are averaged, as in pycocotools. By default small, medium and large, whose
  // numbers are among the twelve.
  std::vector<SizeScore> sizes;
  // By class, at the third of max_dets.
  std::vector<CategoryScore> categories;
  // Over the categories that have a value.
  CategoryScore mean;
};

EvalSummary Summarize(const EvalCurves& curves, const EvalOptions& options);

// Short names for APs by size, as columns and members have them: APs, APm, APl
// where no label is another than COCO's, else AP_<label>. One per size.
std::vector<std::string> SizeColumns(const EvalSummary& summary);

// AP, AP50, AP75 and those: the names of a CategoryScore's numbers.
std::vector<std::string> ScoreColumns(const EvalSummary& summary);

// The twelve lines as pycocotools prints them, each with its line break. Of
// other area ranges: their own lines in place of those of small, medium, large.
std::string SummaryText(const EvalSummary& summary, const EvalOptions& options);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_SUMMARY_H_
