// What is evaluated, and how: COCOeval's parameters.
#ifndef FCIS_EVAL_COCO_OPTIONS_H_
#define FCIS_EVAL_COCO_OPTIONS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/record_problems.h"

namespace fcis::eval {

enum class IouType {
  kSegm,
  kBbox,
  // The smaller of the masks' IoU and that of their boundaries, bands of 2 % of
  // the picture's diagonal (Cheng et al., "Boundary IoU", CVPR 2021).
  kBoundary,
};

// At most so many ranges in one evaluation.
constexpr int kMaxAreaRanges = 32;

// Objects whose area in pixels lies in [low, high].
struct AreaRange {
  std::string label;
  double low = 0, high = 0;
};

// `steps` + 1 numbers from `first` to `last`, with NumPy's linspace's bits.
inline std::vector<double> Linspace(double first, double last, int steps) {
  std::vector<double> values;
  const double step = (last - first) / steps;
  for (int i = 0; i < steps; ++i) values.push_back(first + i * step);
  values.push_back(last);
  return values;
}

struct EvalOptions {
  IouType iou_type = IouType::kSegm;
  std::vector<double> iou_thresholds = Linspace(.5, .95, 9);
  std::vector<double> recall_thresholds = Linspace(0, 1, 100);
  // Detections per picture and category, ascending. (pycocotools calls the
  // third the usual one.)
  std::vector<int> max_dets = {1, 10, 100};
  std::vector<AreaRange> area_ranges = {{"all", 0, 1e10},
                                        {"small", 0, 1024},
                                        {"medium", 1024, 9216},
                                        {"large", 9216, 1e10}};
  // Empty: all. Ids that the annotations lack are allowed.
  std::vector<data::RecordId> image_ids, category_ids;
  // Of the annotations. Those of pictures or categories that the file does not
  // list are no matter, as in pycocotools.
  data::BadAnnotationPolicy bad_annotations;
  // Categories do not matter; all objects are of one.
  bool class_agnostic = false;
  // Where pycocotools' answer is odd, the sane one: the area of a detected mask
  // is the mask's and not its box's; a ground truth with id 0 can be found, and
  // each of several with one id; AP is that at the third of max_dets even when
  // that is not 100.
  bool sane = false;
  // Where masks are compared, a detection without one has that of its box, as
  // in pycocotools. Else it is an error.
  bool boxes_as_masks = false;
  // Pascal VOC's metric is what is asked for (voc_score.h).
  bool voc = false;
  // Detections keep what a report explains them with (DetectionTrace), and the
  // evaluation the results' text.
  bool explain = false;
};

// An IoU at least this large is a match at a threshold.
inline double MatchThreshold(double threshold) {
  return std::min(threshold, 1 - 1e-10);
}

// Below it no overlap is ever a match.
inline double LowestMatchThreshold(const EvalOptions& options) {
  double lowest = 1;
  for (const double threshold : options.iou_thresholds) {
    lowest = std::min(lowest, MatchThreshold(threshold));
  }
  return lowest;
}

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_OPTIONS_H_
