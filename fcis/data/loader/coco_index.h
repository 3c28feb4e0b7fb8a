// The records of COCO annotation files, sorted by picture and freed of what
// cannot be trained on. Masks stay the JSON text in the mapped file until they
// are asked for: train2014 and valminusminival2014 take some 60 MB.
#ifndef FCIS_DATA_LOADER_COCO_INDEX_H_
#define FCIS_DATA_LOADER_COCO_INDEX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/data/coco/splits.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/loader/dataset_report.h"

namespace fcis::data {

struct CocoObject {
  RecordId id;
  Box box;        // pixels, within the picture, not empty
  int label = 0;  // 1 ..
  // A crowd, or marked with "ignore": not to be learnt, nor background.
  bool ignored = false;
  absl::string_view segmentation;
};

struct CocoPicture {
  RecordId id;
  std::string path;             // of its file
  std::string file_name;        // as the file says
  int height = 0, width = 0;    // as the file says; 0: unknown
  uint32_t begin = 0, end = 0;  // of CocoIndex::objects
  bool annotated = false;       // by anything, of use or not, or it may be
};

struct CocoIndex {
  std::vector<std::string> class_names;  // of labels 1, 2, ...
  std::vector<RecordId> class_ids;       // of the same
  std::vector<CocoPicture> pictures;     // with and without objects
  std::vector<CocoObject> objects;
  DatasetReport report;
  // That segmentations point into.
  std::vector<std::shared_ptr<const MappedFile>> files;

  absl::Span<const CocoObject> ObjectsOf(const CocoPicture& picture) const {
    return absl::MakeConstSpan(objects).subspan(picture.begin,
                                                picture.end - picture.begin);
  }
};

// What is wrong with a picture's file, of which its Image or its ImageSize was
// read: the reader's error, NotFound among them, or FailedPrecondition, it is
// of another size than the annotations say.
template <typename Size>
absl::Status FaultOf(const CocoPicture& picture,
                     const absl::StatusOr<Size>& read) {
  if (!read.ok()) return read.status();
  if (read->height == picture.height && read->width == picture.width) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(DescribeSizeMismatch(
      picture.path, read->height, read->width, picture.height, picture.width));
}

// Which pictures are trained on, and what of their annotations.
struct CocoUse {
  // Pictures without any annotation too, and with ignored ones alone; else only
  // those with an object.
  bool empty_pictures = false;
  // Crowds, and annotations with "ignore": 1, are objects that are ignored;
  // else crowds are left out, and "ignore" says nothing.
  bool ignored_regions = false;
};

// What training reads of the records.
CocoNeeds TrainingNeeds(const CocoUse& use = {});

// Reads the files (at least one) and joins them: labels by the order of the
// categories in the first file, categories that only later files have after
// them. Each file's ids are its own, but a category id that two files name
// differently is an error. Boxes are the annotations' own (x, y, w, h), clipped
// to the picture, as in chainer-fcis (COCOInstanceSegmentationDataset). What is
// dirty is counted in the report and left out; a mask counts when it decodes to
// the picture's size. Pictures without a usable height and width are opened to
// learn them. Bad records are left out and stand in report.problems (for the
// caller to check): the reader's; pictures that cannot be measured; annotations
// of unknown pictures and categories, or without a mask; and as conflicts,
// no categories, no pictures, categories of one name, a category of two names.
// Errors name the file:
// what ReadCocoDataset refuses, a category id that two files name differently.
absl::StatusOr<CocoIndex> IndexCoco(absl::Span<const CocoSource> sources,
                                    const CocoNeeds& needs = TrainingNeeds());

// Positions of the pictures to train on: those with an object that does not
// vanish when the picture is prepared, and what `use` adds. Completes the
// report.
std::vector<int32_t> UsablePictures(const InputConfig& input, CocoIndex& index,
                                    const CocoUse& use = {});

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_COCO_INDEX_H_
