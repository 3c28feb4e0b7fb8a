// Writes annotations and results in COCO's format.
#ifndef FCIS_DATA_COCO_DATASET_WRITER_H_
#define FCIS_DATA_COCO_DATASET_WRITER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_id.h"

namespace fcis::data {

struct WrittenCategory {
  int64_t id = 0;
  std::string name, supercategory;
};

struct WrittenImage {
  int64_t id = 0;
  std::string file_name;
  int height = 0, width = 0;
};

struct WrittenAnnotation {
  int64_t id = 0, image_id = 0, category_id = 0;
  Rle mask;  // its area and box are written too
  bool crowd = false;
  // Written in place of the mask, which is theirs, unless it is empty.
  std::vector<std::vector<double>> polygons = {};
  bool ignore = false;  // "ignore", written where it holds
};

struct WrittenDataset {
  std::string description;
  std::vector<WrittenCategory> categories;
  std::vector<WrittenImage> images;
  std::vector<WrittenAnnotation> annotations;
};

// One JSON object, masks as polygons or compressed RLE. Errors name the file.
absl::Status WriteCocoDataset(const std::string& path,
                              const WrittenDataset& dataset);

struct ResultEntry {
  RecordId image_id;
  std::string file_name;        // left out when empty
  RecordId category_id;         // of the data set, not the network's label
  std::optional<XywhBox> bbox;  // left out when there is none
  double score = 0;
  Rle segmentation;
};

// One entry's JSON object: image_id, file_name, category_id, bbox [x, y, width,
// height], score and segmentation {size [height, width], counts}. pycocotools'
// loadRes reads it (file_name is an addition that it passes over).
// InvalidArgument: a number is not finite, which JSON cannot hold.
absl::StatusOr<std::string> ResultEntryJson(const ResultEntry& entry);

// Writes a JSON array of the entries as they come; numbers read back to the
// same doubles. Errors name the file.
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

#endif  // FCIS_DATA_COCO_DATASET_WRITER_H_
