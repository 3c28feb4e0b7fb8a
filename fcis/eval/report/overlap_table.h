// Which detections lie on which annotated objects of their picture, whatever
// the category: what an explanation of the errors starts from.
#ifndef FCIS_EVAL_REPORT_OVERLAP_TABLE_H_
#define FCIS_EVAL_REPORT_OVERLAP_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/evaluate.h"

namespace fcis::eval {

// At this IoU a detection is on the object, at kBackgroundIou it touches it;
// the thresholds of TIDE (Bolya et al., "TIDE: A General Toolbox for
// Identifying Object Detection Errors", ECCV 2020).
inline constexpr double kForegroundIou = .5;

struct TableObject {
  int picture = 0;
  int klass = 0;
  bool crowd = false;  // does not count; hides detections
  uint32_t truth = 0;  // position among GroundTruth::objects()
};

struct TableDetection {
  int picture = 0;
  int klass = 0;
  double score = 0;
  uint32_t first_overlap = 0, num_overlaps = 0;
  size_t offset = 0;  // where it begins in the results' text
};

struct OverlapTable {
  int num_pictures = 0, num_classes = 0;
  // Both picture by picture; objects as the file has them, detections by
  // descending score, equal ones as the file has them.
  std::vector<TableObject> objects;
  std::vector<TableDetection> detections;
  // Of each detection, by ascending object; all that reach kBackgroundIou.
  std::vector<Overlap> overlaps;

  absl::Span<const Overlap> OverlapsOf(const TableDetection& detection) const {
    return absl::MakeConstSpan(overlaps).subspan(detection.first_overlap,
                                                 detection.num_overlaps);
  }
};

// Of an evaluation with options.explain. Pictures and classes are numbered as
// there (GroundTruth::images() and num_classes()). Of each picture the best
// detections are kept, as many as the largest of max_dets.
OverlapTable MakeOverlapTable(const Evaluation& evaluation);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_OVERLAP_TABLE_H_
