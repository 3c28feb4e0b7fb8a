// COCO's files as columns of numbers: only of usual records, whose ids are
// integers and whose members are what the format says; all else is an error,
// and for somebody who takes records as they come.
#ifndef FCIS_API_RECORD_COLUMNS_H_
#define FCIS_API_RECORD_COLUMNS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/large_vector.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"

namespace fcis::api {

// Annotations or results in the file's order; 0 where a member is missing, and
// no column where all are.
struct RecordColumns {
  size_t size = 0;
  // Members of all and of some, as bits: fcis_record_member.
  uint32_t all = ~uint32_t{0}, any = 0;
  LargeVector<int64_t> ids, image_ids, category_ids;
  LargeVector<double> areas, scores;
  LargeVector<uint8_t> crowd;     // 0 or 1
  LargeVector<uint8_t> integral;  // the score is written without a point
  LargeVector<XywhBox> boxes;
  LargeVector<absl::string_view> segmentations;  // JSON; empty: missing
  LargeVector<absl::string_view> keypoints;      // the same
  LargeVector<int64_t> num_keypoints;
};

// Pictures or categories; -1 where height or width is missing.
struct EntryColumns {
  std::vector<int64_t> ids, heights, widths;
};

struct RecordFile {
  RecordColumns records;
  EntryColumns images, categories;         // of annotations only
  std::shared_ptr<const MappedFile> file;  // that segmentations point into
};

// A file of annotations, {"images": [...], "annotations": [...], "categories":
// [...]}.
absl::StatusOr<RecordFile> ReadAnnotationFile(const std::string& path);

// A list of results.
absl::StatusOr<RecordFile> ReadResultFile(const std::string& path);

// The mask of record i. height, width: of its picture, where polygons are
// drawn; -1: unknown. A record without "segmentation" has its box drawn as the
// polygon of its corners, as in pycocotools. InvalidArgument: it has neither;
// what data::SegmentationToRle says.
absl::StatusOr<Rle> MaskOf(const RecordColumns& records, size_t i,
                           int64_t height, int64_t width);

// x, y, v, x, y, v, ... of all records; those of record i end before
// numbers[ends[i]].
struct Keypoints {
  std::vector<double> numbers;
  std::vector<int64_t> ends;
};
absl::StatusOr<Keypoints> KeypointsOf(const RecordColumns& records);

}  // namespace fcis::api

#endif  // FCIS_API_RECORD_COLUMNS_H_
