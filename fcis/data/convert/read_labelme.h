// Reads labelme's files, one JSON per picture.
#ifndef FCIS_DATA_CONVERT_READ_LABELME_H_
#define FCIS_DATA_CONVERT_READ_LABELME_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

struct LabelmeFile {
  std::string image_path;  // "" when missing
  std::string image_data;  // the picture's file; "": not embedded
  int64_t height = -1, width = -1;
  std::vector<ForeignObject> objects;
};

// The file's text. Shapes of one "label" and "group_id" are one object of
// several parts; rectangles, circles and polygons are outlines, "mask" brings
// its pixels; what has no area (points, lines) is left out, with a note that
// names `source`. Errors, without the file's name: no JSON, no list "shapes", a
// shape that lacks label or points, or has too few points for its type.
absl::StatusOr<LabelmeFile> ParseLabelme(absl::string_view text,
                                         const std::string& source,
                                         ConversionNotes* notes);

// The picture of a file is that of "imagePath", else the one beside it that is
// named as it, else the embedded one. A file that is none is among the set's
// problems.
absl::Status ReadLabelme(const ReaderInput& input, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_LABELME_H_
