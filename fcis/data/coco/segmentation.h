// The "segmentation" of COCO's files in its three forms, and the mask that it
// stands for.
#ifndef FCIS_DATA_COCO_SEGMENTATION_H_
#define FCIS_DATA_COCO_SEGMENTATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/json/json_scanner.h"

namespace fcis::data {

struct Segmentation {
  enum class Kind {
    kNone,      // null
    kCounts,    // {"size": [height, width], "counts": "..."}, rle_string.h
    kRuns,      // {"size": [height, width], "counts": [...]}
    kPolygons,  // [[x0, y0, x1, y1, ...], ...] in pixels
  };

  Kind kind = Kind::kNone;
  int64_t height = 0, width = 0;  // of counts and runs
  absl::string_view counts;       // of the scanned text or `unescaped`
  std::vector<uint32_t> runs;
  std::vector<std::vector<double>> polygons;
  std::string unescaped;
};

// Reads a value into `segmentation`, whose memory is reused.
bool ReadSegmentation(JsonScanner& json, Segmentation& segmentation);

// Reads the text of an annotation's "segmentation". InvalidArgument: it is
// missing (empty), or none; the message says what was expected and found.
absl::Status ParseSegmentation(absl::string_view text,
                               Segmentation& segmentation);

// The mask: polygons are drawn on a picture of the given size and united, runs
// keep their own size. InvalidArgument: kNone, corrupt counts, too few
// numbers in the first polygon (PolygonsToRles), a size that is no mask's.
// image_height < 0: the size is not known, an error for polygons.
absl::StatusOr<Rle> SegmentationToRle(const Segmentation& segmentation,
                                      int64_t image_height,
                                      int64_t image_width);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_SEGMENTATION_H_
