// Reads Label Studio's export in its own JSON.
#ifndef FCIS_DATA_CONVERT_READ_LABEL_STUDIO_H_
#define FCIS_DATA_CONVERT_READ_LABEL_STUDIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

struct LabelStudioTask {
  std::string id, image;  // image: as "data" has it, a path or an address
  int64_t height = -1, width = -1;  // as the regions have it; -1: there is none
  bool annotated = false;           // by somebody, be it with nothing
  std::vector<ForeignObject> objects;
  std::string fault;  // what is wrong with a region; "": nothing
};

// The file's text, a list of tasks. Of a task's annotations the first that was
// not cancelled counts, with a note where there are more or none. Polygons,
// rectangles, ellipses (turned ones too) and brushes are objects, by their own
// label or that of a region "labels" of the same id; other regions with labels
// and those without a label are left out, with a note. Errors, without the
// file's name: no JSON, no list of tasks.
absl::StatusOr<std::vector<LabelStudioTask>> ParseLabelStudio(
    absl::string_view text, ConversionNotes* notes);

// The path of a picture in its address, as PictureFinder takes it:
// "/data/upload/1/0a1b2c3d-cat%201.jpg", of "...?d=photos/cat.jpg" what is
// behind "?d=".
absl::string_view LabelStudioPath(absl::string_view image);

// Errors as ParseLabelStudio, with the file's name. Tasks with a fault, and
// those whose picture is not there, are among the set's problems; those
// that nobody has annotated are left out.
absl::Status ReadLabelStudio(const ReaderInput& input, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_LABEL_STUDIO_H_
