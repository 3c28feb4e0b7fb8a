// Names pictures that cannot be read, and finds the file that was meant by a
// name which is not there.
#ifndef FCIS_DATA_LOADER_SIMILAR_FILE_H_
#define FCIS_DATA_LOADER_SIMILAR_FILE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "fcis/data/coco/record_id.h"

namespace fcis::data {

// The path of a file that is there, in place of one that is not: with / for
// each backslash, or of the same name but for letter case, %20 and the like,
// and how accents are written (as one character or two, or left out), in the
// directory or the nearest one above that exists. "": none. Lists a directory.
std::string SimilarFile(const std::string& path);

// Why a picture cannot be read: "No such file or directory", "it has no
// \"file_name\"" where the path ends in a slash. "": it seems that it can.
std::string WhyUnreadable(const std::string& path);

// "image id 3: <path>: <WhyUnreadable>; there is <SimilarFile>". Lists a
// directory.
std::string DescribeUnreadable(const RecordId& image, const std::string& path);

// With a blank for "%20", and so on.
std::string DecodePercents(absl::string_view name);

// "%20" decoded, small letters, Latin letters without accents: equal for names
// that are easily taken for each other.
std::string FoldFileName(absl::string_view name);

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_SIMILAR_FILE_H_
