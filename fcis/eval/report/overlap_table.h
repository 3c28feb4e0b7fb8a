// Which detections lie on which annotated objects of their picture, whatever
// the category: what an explanation of the errors starts from.
#ifndef FCIS_EVAL_REPORT_OVERLAP_TABLE_H_
#define FCIS_EVAL_REPORT_OVERLAP_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/options.h"

namespace fcis {

// At this IoU a detection is on the object, at the lower one it touches it; the
// thresholds of TIDE (Bolya et al., "TIDE: A General Toolbox for Identifying
// Object Detection Errors", ECCV 2020).
inline constexpr double kForegroundIou = .5;
inline constexpr double kBackgroundIou = .1;

struct TableObject {
  int picture = 0;
  int klass = 0;
  bool crowd = false;  // does not count; hides detections
};

struct TableDetection {
  int picture = 0;
  int klass = 0;
  double score = 0;
  uint32_t first_overlap = 0, num_overlaps = 0;
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

// Reads the results again. Pictures and classes are numbered as Evaluate does
// (GroundTruth::images() and categories(); one class when class-agnostic). Of
// each picture the best detections are kept, as many as the last of max_dets.
// Errors as Evaluate.
absl::StatusOr<OverlapTable> ReadOverlapTable(const CocoDataset& dataset,
                                              const std::string& results,
                                              EvalOptions options);

}  // namespace fcis

#endif  // FCIS_EVAL_REPORT_OVERLAP_TABLE_H_
