// minival2014 and valminusminival2014 out of COCO's own files, for when the
// archive that has them ready cannot be had: minival2014 is those pictures of
// val2014 that became val2017 (Detectron, DATASETS.md: "coco_2014_minival is
// exactly val2017").
#ifndef FCIS_DATA_COCO_MINIVAL_H_
#define FCIS_DATA_COCO_MINIVAL_H_

#include <string>

#include "absl/status/status.h"

namespace fcis::data {

// Splits the file `val2014` (instances_val2014.json): the pictures that the
// file `val2017` lists too, with their annotations, go to `minival`, the others
// to `rest`. Records keep their text and order; all else is in both files.
// Memory grows with the pictures, not with the file. Nothing is written on an
// error. Errors name file and record: not COCO's format, or val2017's
// pictures are not all in val2014.
absl::Status SplitMinival2014(const std::string& val2014,
                              const std::string& val2017,
                              const std::string& minival,
                              const std::string& rest);

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_MINIVAL_H_
