// Results in COCO's format: one JSON array, one object per instance with
// image_id, file_name, category_id, bbox [x, y, width, height], score and
// segmentation {size [height, width], counts}. pycocotools' loadRes reads it
// (file_name is an addition that it passes over).
#ifndef FCIS_DATA_RESULTS_JSON_H_
#define FCIS_DATA_RESULTS_JSON_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_id.h"

namespace fcis::data {

struct ResultEntry {
  RecordId image_id;
  std::string file_name;         // left out when empty
  RecordId category_id;          // of the data set, not the network's label
  absl::optional<XywhBox> bbox;  // left out when there is none
  double score = 0;
  Rle segmentation;
};

// One entry's JSON object. InvalidArgument: a number is not finite, which JSON
// cannot hold.
absl::StatusOr<std::string> ResultEntryJson(const ResultEntry& entry);

// Writes the entries as they come; numbers read back to the same doubles.
// Errors name the file.
class ResultsWriter {
 public:
  static absl::StatusOr<std::unique_ptr<ResultsWriter>> Create(
      const std::string& path);

  // Errors as ResultEntryJson.
  absl::Status Write(const ResultEntry& entry);

  // Until then, and after an error, an older file at `path` stays. Nothing may
  // be written afterwards. Without entries the file holds an empty array.
  absl::Status Commit();

 private:
  ResultsWriter(const std::string& path, std::unique_ptr<AtomicFile> file)
      : path_(path), file_(std::move(file)) {}

  std::string path_;
  std::unique_ptr<AtomicFile> file_;
  bool empty_ = true;
};

// The image_id of each file, by its name without extension: when all are named
// as COCO's (COCO_val2014_000000000042 or 000000000042), and no two have the
// same number, those numbers; else 1, 2, 3, ...
std::vector<int64_t> ImageIds(absl::Span<const std::string> stems);

}  // namespace fcis::data

#endif  // FCIS_DATA_RESULTS_JSON_H_
