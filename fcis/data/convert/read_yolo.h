// Reads YOLO's labels: a text file per picture, a line per object.
#ifndef FCIS_DATA_CONVERT_READ_YOLO_H_
#define FCIS_DATA_CONVERT_READ_YOLO_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

// The list "names" of a data.yaml, in the forms that are in use: [a, 'b'],
// {0: a, 1: b}, and "- a" or "0: a" line by line. No other YAML is read.
// Errors, without the file's name: there is none, it has gaps.
absl::StatusOr<std::vector<std::string>> ParseYoloNames(absl::string_view yaml);

// Lines "<class> <x> <y> <x> <y> ...", of at least three points, in shares of
// width and height; "<class> <x centre> <y centre> <width> <height>" is a box,
// taken as a rectangle with a note. So is a box with `keypoint_values` numbers
// behind it (0: there are no keypoints). Errors, without the file's name: the
// line's number and what is wrong with it.
absl::StatusOr<std::vector<ForeignObject>> ParseYoloLabels(
    absl::string_view text, const std::vector<std::string>& names,
    size_t keypoint_values, const std::string& source, ConversionNotes* notes);

// labels/.../a.txt is of images/.../a.jpg (.jpeg, .png). Names stand in a .yaml
// below the root, or in classes.txt, a line each, as UTF-8. Pictures in images/
// without a text file have no objects. Errors: no names, files with different
// ones.
absl::Status ReadYolo(const ReaderInput& input, ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_YOLO_H_
