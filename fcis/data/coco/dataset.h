// Annotations in COCO's format: pictures, categories, objects. Reads any
// producer's files: ids may be integers (also written as 3.0) or strings,
// "info", "licenses", "iscrowd" and whatever is not used may be missing; of
// duplicate keys the last counts, as in Python. One bad record does not end the
// reading: it is named and left out.
#ifndef FCIS_DATA_COCO_DATASET_H_
#define FCIS_DATA_COCO_DATASET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/large_vector.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/record_problems.h"

namespace fcis::data {

// What a task does with a member of a record.
enum class MemberUse {
  kUnused,    // a value of a wrong type is a remark
  kOptional,  // so is a fault of the record; it may be missing or null
  kNeeded,    // so is that
};

// Ids and "iscrowd" are used by every task; "segmentation" is for the caller to
// take apart.
struct CocoNeeds {
  MemberUse file_name = MemberUse::kUnused;  // of images
  MemberUse name = MemberUse::kUnused;       // of categories
  MemberUse bbox = MemberUse::kUnused;       // of annotations, as "area"
  MemberUse area = MemberUse::kUnused;
  MemberUse ignore = MemberUse::kUnused;
  // An evaluation may follow: annotations without "bbox" or "area" are named
  // among the errors, though they stay.
  bool evaluated_later = false;
  // Unless empty, no others matter: faults of other pictures and categories,
  // and of their annotations, are remarks. The records are left out all the
  // same.
  std::vector<RecordId> image_ids, category_ids;
};

struct CocoImage {
  RecordId id;
  std::string file_name;            // "" when missing
  int64_t height = -1, width = -1;  // pixels; -1 when missing or no size
  bool duplicate_key = false;       // a member is there twice; the last counts
  uint32_t index = 0;               // in the file's list
};

struct CocoCategory {
  RecordId id;
  std::string name;            // the id's text when missing
  std::string supercategory;   // "" when missing
  bool duplicate_key = false;  // a member is there twice; the last counts
  uint32_t index = 0;          // in the file's list
};

struct CocoAnnotation {
  RecordId id, image_id, category_id;
  bool has_bbox = false, has_area = false;
  bool ignore = false;         // "ignore", which COCOeval overwrites
  bool duplicate_key = false;  // a member is there twice; the last counts
  uint32_t index = 0;          // in the file's list
  XywhBox bbox;
  double area = 0;   // pixels, as the file says
  double crowd = 0;  // "iscrowd", usually 0 or 1; 0 when missing
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
  LargeVector<CocoAnnotation> annotations;
  bool duplicate_key = false;  // one of the lists is there twice

  // Of the records that were read, and of those that are left out.
  RecordProblems problems;
  // The picture of each annotation that is left out; none: its "image_id"
  // cannot be read.
  std::vector<std::optional<RecordId>> left_out_of;

  std::shared_ptr<const MappedFile> file;  // that segmentations point into
};

// Records without what every task or `needs` asks for are left out, and named
// in `problems` (what is done about it, RecordProblems::Check says). Errors
// name the file, and record and byte where they are in one: OpenJson's; not
// JSON, no object at the top level, no list where one is expected.
absl::StatusOr<CocoDataset> ReadCocoDataset(const std::string& path,
                                            const CocoNeeds& needs = {});

// "<file>: annotation id 17 (annotations[3])", for lines about it.
std::string NameOf(const CocoDataset& dataset,
                   const CocoAnnotation& annotation);
// "<file>: image id 4 (images[0])".
std::string NameOf(const CocoDataset& dataset, const CocoImage& image);
// "<file>: category id 3 has two names, \"cat\" and \"dog\"": of a category and
// the name that another record of its id has.
std::string TwoNames(const CocoDataset& dataset, absl::string_view name,
                     const CocoCategory& category);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_DATASET_H_
