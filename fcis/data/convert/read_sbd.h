// Reads SBD, the Semantic Boundaries Dataset (Hariharan et al., 2011).
#ifndef FCIS_DATA_CONVERT_READ_SBD_H_
#define FCIS_DATA_CONVERT_READ_SBD_H_

#include "absl/status/status.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

// inst/<stem>.mat, of MATLAB, is of img/<stem>.jpg: in GTinst, Segmentation has
// the number of an object for each pixel, 0 for background and 255 for void,
// and Categories the class of each object, 1 to 20 (VOC's). val.txt beside
// inst/ names what validates.
absl::Status ReadSbd(const ReaderInput& input, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_SBD_H_
