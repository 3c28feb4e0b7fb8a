// Annotations in COCO's format: pictures, categories, objects. Reads any
// producer's files: ids may be integers (also written as 3.0) or strings,
// "info", "licenses", "iscrowd" and whatever is not used may be missing; of
// duplicate keys the last counts, as in Python.
#ifndef FCIS_DATA_COCO_DATASET_H_
#define FCIS_DATA_COCO_DATASET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_id.h"

namespace fcis {

struct CocoImage {
  RecordId id;
  std::string file_name;            // "" when missing
  int64_t height = -1, width = -1;  // pixels; -1 when missing
  bool duplicate_key = false;       // two ids; the last counts
};

struct CocoCategory {
  RecordId id;
  std::string name;            // the id's text when missing
  std::string supercategory;   // "" when missing
  bool duplicate_key = false;  // two ids; the last counts
};

struct CocoAnnotation {
  RecordId id, image_id, category_id;
  bool has_bbox = false, has_area = false;
  XywhBox bbox;
  double area = 0;             // pixels, as the file says
  double crowd = 0;            // "iscrowd", usually 0 or 1; 0 when missing
  bool ignore = false;         // "ignore", which COCOeval overwrites
  bool duplicate_key = false;  // one of these was there twice; the last counts
  // The JSON text of "segmentation", checked to be JSON and no more
  // (ReadSegmentation takes it apart); empty when missing.
  absl::string_view segmentation;
};

struct CocoDataset {
  std::string path;
  // In the file's order; ids may repeat, and ids of annotations may be those of
  // no image or category.
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;
  bool has_categories = false;  // the key is there
  bool duplicate_key = false;   // one of the lists is there twice

  std::shared_ptr<const MappedFile> file;  // that segmentations point into
};

// Errors name the file, the record and the byte: not JSON, no object at the top
// level, records without "id", annotations without "image_id" or "category_id",
// values of a wrong type.
absl::StatusOr<CocoDataset> ReadCocoDataset(const std::string& path);

}  // namespace fcis

#endif  // FCIS_DATA_COCO_DATASET_H_
