// What the readers of other tools' formats are given.
#ifndef FCIS_DATA_CONVERT_READER_INPUT_H_
#define FCIS_DATA_CONVERT_READER_INPUT_H_

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/data/convert/picture_finder.h"

namespace fcis::data {

struct ReaderInput {
  std::string root;                // as it was named: a file or directory
  std::vector<std::string> files;  // of annotations, sorted
  std::vector<std::string> all;    // every file below the root, sorted
  const PictureFinder* pictures = nullptr;
};

inline std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, slash);
}

// Without directories and ending.
inline std::string StemOf(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == name.npos || dot == 0 ? name : name.substr(0, dot);
}

// Whether the path has a name below the root, or a part of one between
// underscores, that says that it is of a validation part: val, valid or
// validation, also with a number, as in labels/val2017/a.txt and
// instances_val2017.json.
inline bool IsOfValidation(absl::string_view root, absl::string_view path) {
  if (absl::StartsWith(path, root)) path.remove_prefix(root.size());
  for (absl::string_view part : absl::StrSplit(path, absl::ByAnyChar("/_"))) {
    if (absl::ConsumePrefix(&part, "validation") ||
        absl::ConsumePrefix(&part, "valid") ||
        absl::ConsumePrefix(&part, "val")) {
      if (part.empty() || part[0] == '.' || (part[0] >= '0' && part[0] <= '9'))
        return true;
    }
  }
  return false;
}

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READER_INPUT_H_
