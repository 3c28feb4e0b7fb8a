// Reads COCO's format, one file or several (train and val, Roboflow's and
// CVAT's exports).
#ifndef FCIS_DATA_CONVERT_READ_COCO_H_
#define FCIS_DATA_CONVERT_READ_COCO_H_

#include "absl/status/status.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

// Classes are those of the "categories", by name. Masks stay as they are,
// polygons or RLE; an annotation that has only a box becomes that rectangle,
// which a note says. Several records of one picture (its file) are joined.
// Errors name the file: ReadCocoDataset's.
absl::Status ReadCoco(const ReaderInput& input, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_COCO_H_
