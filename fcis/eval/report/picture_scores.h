// How well each picture went.
#ifndef FCIS_EVAL_REPORT_PICTURE_SCORES_H_
#define FCIS_EVAL_REPORT_PICTURE_SCORES_H_

#include <vector>

#include "fcis/eval/report/error_breakdown.h"
#include "fcis/eval/report/overlap_table.h"

namespace fcis::eval {

struct PictureScore {
  int picture = 0;
  int found = 0;   // objects, by detections that were kept
  int missed = 0;  // objects
  int wrong = 0;   // detections
  // Panoptic quality (Kirillov et al., CVPR 2019) with all categories taken
  // together: the sum of the IoUs over found + (missed + wrong) / 2. In [0, 1].
  double quality = 0;
};

// Of detections with at least `min_score`, best first; of equal quality, the
// picture where more was found, then the one with fewer errors, then the
// first. Pictures without objects and detections are left out.
std::vector<PictureScore> RankPictures(const OverlapTable& table,
                                       const ErrorBreakdown& breakdown,
                                       double min_score);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_PICTURE_SCORES_H_
