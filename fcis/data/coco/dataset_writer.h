// Writes annotations in COCO's format.
#ifndef FCIS_DATA_COCO_DATASET_WRITER_H_
#define FCIS_DATA_COCO_DATASET_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/rle/rle.h"

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
};

struct WrittenDataset {
  std::string description;
  std::vector<WrittenCategory> categories;
  std::vector<WrittenImage> images;
  std::vector<WrittenAnnotation> annotations;
};

// One JSON object, masks as compressed RLE. Errors name the file.
absl::Status WriteCocoDataset(const std::string& path,
                              const WrittenDataset& dataset);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_DATASET_WRITER_H_
