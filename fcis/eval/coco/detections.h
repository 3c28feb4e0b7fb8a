// Detections as the evaluation keeps them: everything but the masks, and the
// overlaps that can count.
#ifndef FCIS_EVAL_COCO_DETECTIONS_H_
#define FCIS_EVAL_COCO_DETECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/large_vector.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/results.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"

namespace fcis::eval {

// A detection and a ground truth whose IoU reaches the lowest threshold.
struct Overlap {
  uint32_t object = 0;  // among GroundTruth::objects()
  double iou = 0;
};

// Without values of its own, which would be written to a whole list.
struct ScoredDetection {
  double score;
  double area;
  int image;     // position in GroundTruth::images()
  int category;  // position in GroundTruth::categories()
  // Overlaps, in the order of the objects of its cell.
  uint32_t first_overlap, num_overlaps;
};

// A detection touches objects from this IoU on: TIDE's lower threshold
// (overlap_table.h).
inline constexpr double kBackgroundIou = .1;

// What it takes to explain a detection, beyond scoring it.
struct DetectionTrace {
  size_t offset = 0;  // where it begins in the results' text
  // All objects of its picture that it touches, whatever their category; by
  // ascending object.
  uint32_t first_touch = 0, num_touches = 0;
};

// What was seen on the way, for warnings.
struct DetectionCounts {
  int64_t total = 0;              // detections in the file
  int64_t unlisted_category = 0;  // left out
  int64_t other_image = 0;        // left out: picture or category not asked for
  int64_t score_out_of_range = 0;  // outside [0, 1]
  int64_t duplicate_keys = 0;      // detections that repeat a key
  int64_t boxes = 0;               // with "bbox"
  int64_t leaving = 0;             // boxes that leave their picture
  int64_t corner_like = 0;         // boxes with width >= x and height >= y
  int64_t relative_like = 0;       // boxes within [0, 1]
  int64_t other_size = 0;          // the mask's size is not the picture's
  int64_t first_other_size = 0;    // index in the file
  int64_t without_mask = 0;        // no "segmentation" where it is needed
  int64_t first_without_mask = 0;  // index in the file
  data::RecordId first_unlisted;

  void Add(const DetectionCounts& other);
};

struct Detections {
  // In the file's order; those of other categories and pictures are left out.
  LargeVector<ScoredDetection> list;
  std::vector<Overlap> overlaps;
  // One of each of `list`; empty unless options.explain.
  std::vector<DetectionTrace> traces;
  std::vector<Overlap> touches;
  DetectionCounts counts;
  // Areas are those of the boxes although masks are compared.
  bool box_areas = false;
};

// Reads the detections in `file`, whose name is `path`, and compares each with
// the objects of its picture and class, on up to `threads` threads; the result
// is the same for any number. What has been read is dropped from memory
// (MappedFile::Drop). Errors as ReadResults, which
// names bad detections, up to options.bad_annotations.max_messages of them: an
// unknown picture, no "bbox" or "segmentation" where it is needed, no mask,
// too. Those without "segmentation" are counted, and the first is named.
absl::StatusOr<Detections> ReadDetections(const MappedFile& file,
                                          absl::string_view path,
                                          const GroundTruth& truth,
                                          const EvalOptions& options,
                                          int threads);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_DETECTIONS_H_
