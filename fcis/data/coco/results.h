// Detections in COCO's results format: a list of {"image_id", "category_id",
// "score", "bbox" and/or "segmentation"}. Made for files of hundreds of
// megabytes: one pass, in several parts at once.
#ifndef FCIS_DATA_COCO_RESULTS_H_
#define FCIS_DATA_COCO_RESULTS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/segmentation.h"

namespace fcis::data {

struct CocoResult {
  size_t offset = 0;  // where it begins in the file's text
  RecordId image_id, category_id;
  double score = 0;  // finite
  // A "bbox" of [] or null is there but empty.
  bool has_bbox = false, empty_bbox = false;
  XywhBox bbox;
  bool has_segmentation = false;
  Segmentation segmentation;
  bool duplicate_key = false;  // one of these was there twice; the last counts
};

// Takes detections in the file's order. A result is valid during the call.
class ResultsSink {
 public:
  virtual ~ResultsSink() = default;
  // An error makes the detection a bad one; the reader adds file, index and
  // byte.
  virtual absl::Status Add(const CocoResult& result) = 0;
};

struct ResultsOptions {
  // Else "segmentation" is skipped, and has_segmentation says no more than that
  // it is there.
  bool read_segmentation = true;
  // So many pieces of the text go to sinks of their own, on NumThreads()
  // threads; the result does not depend on it.
  int parts = 1;
  // Bad detections that an error names.
  int max_messages = 20;
};

// The detection that begins at byte `offset` of the text. Errors name the file
// and the byte.
absl::Status ReadResultAt(absl::string_view text, absl::string_view path,
                          size_t offset, CocoResult& result);

// The first detection of the list alone, which decides how pycocotools takes
// the others; false: the list is empty.
absl::StatusOr<bool> ReadFirstResult(absl::string_view text,
                                     absl::string_view path,
                                     CocoResult& result);

using MakeResultsSink = std::function<std::unique_ptr<ResultsSink>()>;

// Reads the results in `text`, the content of the file `path`. Each part goes
// to a sink of its own; what the returned sinks took, one after another, is the
// list. Errors name the file, the detection and the byte: not JSON or not a
// list; else bad detections, a line each: a missing or misshapen member, a
// score that is no finite number, what the sink refuses. The error is the same
// whatever the number of parts.
absl::StatusOr<std::vector<std::unique_ptr<ResultsSink>>> ReadResults(
    absl::string_view text, absl::string_view path,
    const ResultsOptions& options, const MakeResultsSink& make_sink);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_RESULTS_H_
