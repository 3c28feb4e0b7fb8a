// A file in COCO's format taken apart into two, by pictures; and minival2014.
#ifndef FCIS_DATA_COCO_SPLIT_DATASET_H_
#define FCIS_DATA_COCO_SPLIT_DATASET_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/data/coco/record_id.h"

namespace fcis::data {

// The lists that are taken apart.
inline constexpr absl::string_view kImages = "images";
inline constexpr absl::string_view kAnnotations = "annotations";

// Whether a record of `list`, which is of this picture, is among the chosen.
using ChooseRecord =
    std::function<bool(absl::string_view list, const RecordId& picture)>;

// What becomes of records that do not say of which picture they are.
enum class BadRecords {
  kRefuse,  // an error
  kToRest,
};

// Appends what `text` holds: the pictures and annotations that `choose` takes
// to `chosen`, the others to `rest`. Records keep their text and order; all
// else goes to both. Errors, without the file's name: byte and record of what
// is no JSON, or not COCO's format; a list is missing. A part may have been
// appended by then.
absl::Status SplitDataset(absl::string_view text, BadRecords bad_records,
                          const ChooseRecord& choose, std::string* chosen,
                          std::string* rest);

// minival2014 and valminusminival2014 out of COCO's own files, for when the
// archive that has them ready cannot be had: minival2014 is those pictures of
// val2014 that became val2017 (Detectron, DATASETS.md: "coco_2014_minival is
// exactly val2017").
//
// Splits the file `val2014` (instances_val2014.json): the pictures that the
// file `val2017` lists too, with their annotations, go to `minival`, the others
// to `rest`. Records keep their text and order; all else is in both files.
// Both files' texts are held in memory. Nothing is written on an error. Errors
// name file and record: not COCO's format, or val2017's pictures are not all in
// val2014.
absl::Status SplitMinival2014(const std::string& val2014,
                              const std::string& val2017,
                              const std::string& minival,
                              const std::string& rest);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_SPLIT_DATASET_H_
